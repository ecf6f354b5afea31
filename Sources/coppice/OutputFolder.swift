import ArgumentParser
import Serving
import Training

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

/// Where a model goes: `REPOSITORY/NAME`.
struct OutputFolder {
  private let repository: ModelRepository
  private let name: String

  /// Takes a path apart.
  init(_ path: String) throws {
    let parts = path.split(separator: "/")
    name = parts.last.map(String.init) ?? ""
    guard ModelID.isValidName(name) else {
      throw ValidationError(
        "--output must end in the model's name: up to 128 letters, digits, '.', '_' and '-', "
          + "the first of them no '.'; for example models/iris.")
    }
    let root = parts.dropLast().joined(separator: "/")
    repository = ModelRepository(root: path.hasPrefix("/") ? "/\(root)" : root.isEmpty ? "." : root)
  }

  /// Checks that a version can be written, so that nobody waits for a model that cannot be kept.
  func checkIsWritable() throws {
    let files = FileManager.default
    var folder = "\(repository.root)/\(name)"
    while !files.fileExists(atPath: folder) {
      guard let slash = folder.lastIndex(of: "/") else {
        folder = "."
        break
      }
      folder = slash == folder.startIndex ? "/" : String(folder[..<slash])
    }
    var isFolder = false
    guard files.fileExists(atPath: folder, isDirectory: &isFolder), isFolder else {
      throw CommandError("\(folder): this is a file, but --output needs a folder")
    }
    guard files.isWritableFile(atPath: folder) else {
      throw CommandError("\(folder): no permission to write into this folder")
    }
  }

  /// Writes the next version and gives its folder.
  func publish(_ model: TrainedModel, _ manifest: Manifest) throws -> String {
    do {
      return try repository.publish(
        name, file: "model.json", model: Data(model.json), manifest: manifest
      ).folder
    } catch let error as CocoaError {
      // Its own description is a dump of its parts.
      let cause = error.userInfo["NSUnderlyingError"] as? POSIXError
      throw CommandError(
        "\(repository.root)/\(name): the model cannot be written: "
          + (cause.map { String(cString: strerror($0.code.rawValue)) } ?? "\(error.code)"))
    }
  }
}
