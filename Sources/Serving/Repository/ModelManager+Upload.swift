public import NIOCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension ModelManager {
  /// Takes in a file of a new version.
  ///
  /// The model file makes the version: it is checked as at every load, and only one that passes gets
  /// its place in the repository, in one rename. A `manifest.json` that is to go with it comes
  /// first, and waits; without one the version has the names of the newest version that is ready.
  ///
  /// - Parameters:
  ///   - file: `manifest.json`, or the model file's name, such as `model.json`.
  ///   - bytes: its contents.
  ///   - maximumSize: in bytes.
  public func upload<Bytes: AsyncSequence & Sendable>(
    _ id: ModelID, file: String, bytes: Bytes, maximumSize: Int
  ) async throws where Bytes.Element == ByteBuffer {
    try checkUpload(id, file)
    let isManifest = file == "manifest.json"
    let waiting = "\(repository.root)/\(id.name)/.manifest-\(id.version).json"
    let draft = "\(repository.root)/.upload-\(UUID())"
    let files = FileManager.default
    do {
      try files.createDirectory(atPath: draft, withIntermediateDirectories: true)
    } catch {
      throw RepositoryError(.notSaved, "the repository cannot be written to: \(error)")
    }
    defer { try? files.removeItem(atPath: draft) }
    try await Self.write(bytes, to: "\(draft)/\(file)", maximumSize: maximumSize)
    if isManifest {
      guard (try? ModelRepository.manifest(in: draft)) != nil else {
        throw RepositoryError(.unacceptable, "it is not a manifest", field: "manifest.json")
      }
      try? files.createDirectory(
        atPath: "\(repository.root)/\(id.name)", withIntermediateDirectories: true)
      try Self.rename("\(draft)/\(file)", waiting)
      return
    }
    let hasManifest = files.fileExists(atPath: waiting)
    if hasManifest {
      try? files.copyItem(atPath: waiting, toPath: "\(draft)/manifest.json")
    } else {
      writeNames(of: id.name, to: draft)
    }
    try await check(id, in: draft, mayDropManifest: !hasManifest)
    try? files.createDirectory(
      atPath: "\(repository.root)/\(id.name)", withIntermediateDirectories: true)
    try checkUpload(id, file)
    try Self.rename(draft, "\(repository.root)/\(id)")
    try? files.removeItem(atPath: waiting)
    await refresh()
    await exclusively { _ = await reconcile() }
  }

  private func checkUpload(_ id: ModelID, _ file: String) throws(RepositoryError) {
    guard repository.single == nil else {
      throw RepositoryError(.conflict, "a single model file is served, not a repository")
    }
    guard ModelID.isValidName(id.name), ModelID.isValidName(id.version) else {
      throw RepositoryError(.invalid, "\(id) is not the name of a version", field: "version")
    }
    guard
      file == "manifest.json" || ModelRepository.isModelFile(file) && ModelID.isValidName(file)
    else {
      throw RepositoryError(
        .invalid, "the file is manifest.json, or model. with the ending of its format",
        field: "file")
    }
    guard !repository.contains(id) else {
      throw RepositoryError(
        .conflict, "version \(id.version) of \(id.name) is there already; upload a new version",
        field: "version")
    }
    guard state.models[id.name]?.labels[id.version] == nil else {
      throw RepositoryError(
        .conflict, "model \(id.name) has a label of that name", field: "version")
    }
  }

  /// Writes the names of the newest version that is ready: they are those of the next one too, as a
  /// rule, while its examples are not.
  private func writeNames(of name: String, to folder: String) {
    guard let version = models[name]?.ready.first,
      var manifest = try? ModelRepository.manifest(in: "\(repository.root)/\(name)/\(version)"),
      manifest != Manifest()
    else { return }
    manifest.examples = nil
    manifest.training = nil
    manifest.metrics = nil
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try? encoder.encode(manifest).write(to: URL(filePath: "\(folder)/manifest.json"))
  }

  /// Loads the draft as it will be loaded in its place.
  private func check(_ id: ModelID, in folder: String, mayDropManifest: Bool) async throws {
    do throws(ModelLoadError) {
      _ = try await inBackground { [repository] () throws(ModelLoadError) in
        try repository.load(id, from: folder)
      }
    } catch  where error.kind == .manifest && mayDropManifest {
      try? FileManager.default.removeItem(atPath: "\(folder)/manifest.json")
      try await check(id, in: folder, mayDropManifest: false)
    } catch {
      let reason = "\(error)".replacing("\(folder)/", with: "")
      throw RepositoryError(.unacceptable, reason, field: "file")
    }
  }

  private static func rename(_ old: String, _ new: String) throws(RepositoryError) {
    // Not moveItem: a folder that came there in the meantime must not be replaced, a file may be.
    guard systemRename(old, new) == 0 else {
      throw errno == ENOTEMPTY || errno == EEXIST
        ? RepositoryError(.conflict, "that version came in the meantime", field: "version")
        : RepositoryError(.notSaved, "the file cannot be put in its place (error \(errno))")
    }
  }

  private static func write<Bytes: AsyncSequence & Sendable>(
    _ bytes: Bytes, to path: String, maximumSize: Int
  ) async throws where Bytes.Element == ByteBuffer {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw RepositoryError(.notSaved, "the repository cannot be written to (error \(errno))")
    }
    defer { close(descriptor) }
    var size = 0
    for try await part in bytes {
      size += part.readableBytes
      guard size <= maximumSize else {
        throw RepositoryError(
          .tooLarge, "the file is over the limit of \(maximumSize) bytes (--max-upload-bytes)")
      }
      var rest = part.readableBytesView[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 || errno == EINTR else {
          throw RepositoryError(.notSaved, "the disk does not take the file (error \(errno))")
        }
        rest = rest.dropFirst(max(0, count))
      }
    }
    guard size > 0 else { throw RepositoryError(.invalid, "the body is empty", field: "file") }
  }
}

#if canImport(Glibc)
  private let systemRename = Glibc.rename
  private let systemWrite = Glibc.write
#elseif canImport(Musl)
  private let systemRename = Musl.rename
  private let systemWrite = Musl.write
#else
  private let systemRename = Darwin.rename
  private let systemWrite = Darwin.write
#endif
