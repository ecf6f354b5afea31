#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Tells whether the files of a version have changed, without reading them.
struct FolderStamp: Sendable, Hashable {
  /// Names a state of one file.
  struct File: Sendable, Hashable {
    let name: String
    let inode: UInt64
    let size: Int64
    /// Nanoseconds since 1970.
    let modified: Int64
  }

  /// The files that a version is made of, by name.
  let files: [File]

  init(files: [File]) {
    self.files = files
  }

  /// The state of these files of a folder; those that are gone are left out.
  init(folder: String, names: [String]) {
    files = names.sorted().compactMap { File(name: $0, path: "\(folder)/\($0)") }
  }
}

extension FolderStamp.File {
  init?(name: String, path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    self.init(
      name: name, inode: UInt64(status.st_ino), size: Int64(status.st_size),
      modified: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
  }
}
