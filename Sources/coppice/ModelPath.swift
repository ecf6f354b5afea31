import Serving

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Where a command finds its model: a file, or the folder of a version with one file `model.*`.
struct ModelPath {
  /// The model file.
  let file: String
  /// The manifest beside it, if there is one.
  let manifest: Manifest?

  init(_ path: String) throws {
    let files = FileManager.default
    var isFolder = false
    guard files.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw CommandError("\(path): there is no such file")
    }
    guard isFolder else {
      file = path
      manifest = try Self.manifest(in: path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ".")
      return
    }
    let names = try files.contentsOfDirectory(atPath: path).filter { $0.hasPrefix("model.") }
    guard names.count == 1 else {
      throw CommandError(
        "\(path): "
          + (names.isEmpty
            ? "there is no file model.* in this folder; name the model file"
            : "there are several model files in it (\(names.sorted().joined(separator: ", ")))"))
    }
    file = path + (path.hasSuffix("/") ? "" : "/") + names[0]
    manifest = try Self.manifest(in: path)
  }

  private static func manifest(in folder: String) throws -> Manifest? {
    let path = (folder.isEmpty ? "" : folder) + "/manifest.json"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    do {
      return try JSONDecoder().decode(Manifest.self, from: Data(contentsOf: URL(filePath: path)))
    } catch {
      throw CommandError("\(path): it is not a manifest: \(error)")
    }
  }
}
