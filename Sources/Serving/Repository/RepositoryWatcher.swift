import Dispatch
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Tells that something changed in folders, as the system tells it: inotify on Linux, kqueue on
/// macOS. While nothing changes it costs nothing.
///
/// What changes on another machine of a network volume is not told; the owner polls for that.
final class RepositoryWatcher: Sendable {
  /// One element for any number of changes since the last.
  let changes: AsyncStream<Void>
  private let change: AsyncStream<Void>.Continuation
  private let queue = DispatchQueue(label: "coppice.watcher")

  #if os(Linux)
    private let descriptor: Int32
    // Safe: sources are thread-safe, only not declared so.
    private nonisolated(unsafe) let source: (any DispatchSourceRead)?

    private static let events = UInt32(
      IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVED_FROM | IN_MOVED_TO | IN_MOVE_SELF
        | IN_CLOSE_WRITE | IN_ATTRIB)

    init() {
      (changes, change) = AsyncStream.makeStream(
        of: Void.self, bufferingPolicy: .bufferingNewest(1))
      let descriptor = inotify_init1(Int32(O_NONBLOCK | O_CLOEXEC))
      self.descriptor = descriptor
      guard descriptor >= 0 else {
        source = nil
        return
      }
      let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
      source.setEventHandler { [change] in
        // Which file it was does not matter: all are looked at.
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
          while read(descriptor, buffer.baseAddress, buffer.count) > 0 {}
        }
        change.yield()
      }
      source.setCancelHandler { _ = close(descriptor) }
      source.resume()
      self.source = source
    }

    /// Watches these folders too; those that it watches already are no matter.
    ///
    /// - Returns: whether all of them can be watched; those that are gone count as watched.
    func watch(_ folders: [String]) -> Bool {
      guard descriptor >= 0 else { return false }
      return folders.allSatisfy { folder in
        inotify_add_watch(descriptor, folder, Self.events) >= 0 || errno == ENOENT
          || errno == ENOTDIR
      }
    }

    /// Ends the watch.
    func stop() {
      source?.cancel()
      change.finish()
    }
  #else
    private let sources = Mutex<[String: any DispatchSourceFileSystemObject]>([:])

    init() {
      (changes, change) = AsyncStream.makeStream(
        of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Watches these folders and the files in them too; those that it watches already are no matter.
    ///
    /// - Returns: whether all of them can be watched; those that are gone count as watched.
    func watch(_ folders: [String]) -> Bool {
      var paths = folders
      for folder in folders {
        guard let directory = opendir(folder) else { continue }
        while let entry = readdir(directory) {
          let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 1024) { String(cString: $0) }
          }
          if name.hasPrefix("model.") || name == "manifest.json" {
            paths.append("\(folder)/\(name)")
          }
        }
        closedir(directory)
      }
      return paths.allSatisfy(watch)
    }

    private func watch(_ path: String) -> Bool {
      if sources.withLock({ $0[path] != nil }) { return true }
      let descriptor = open(path, O_EVTONLY | O_CLOEXEC)
      guard descriptor >= 0 else { return errno == ENOENT || errno == ENOTDIR }
      let source = DispatchSource.makeFileSystemObjectSource(
        fileDescriptor: descriptor, eventMask: [.write, .extend, .attrib, .delete, .rename],
        queue: queue)
      source.setEventHandler { [weak self, change] in
        // The name may soon stand for something else; the next look watches that.
        if !source.data.isDisjoint(with: [.delete, .rename]) {
          self?.sources.withLock { $0[path] = nil }
          source.cancel()
        }
        change.yield()
      }
      source.setCancelHandler { _ = close(descriptor) }
      source.resume()
      sources.withLock { $0[path] = source }
      return true
    }

    /// Ends the watch.
    func stop() {
      let all = sources.withLock { sources in
        defer { sources = [:] }
        return sources
      }
      for source in all.values { source.cancel() }
      change.finish()
    }
  #endif
}
