import ArgumentParser
import Serving
import Training

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Where a model goes: `REPOSITORY/NAME`.
struct OutputFolder {
  private let repository: ModelRepository
  private let name: String

  /// Takes a path apart.
  init(_ path: String) throws {
    let url = URL(filePath: path)
    name = url.lastPathComponent
    guard ModelID.isValidName(name) else {
      throw ValidationError(
        "--output must end in the model's name: up to 128 letters, digits, '.', '_' and '-', "
          + "the first of them no '.'; for example models/iris.")
    }
    repository = ModelRepository(root: url.deletingLastPathComponent().path)
  }

  /// Checks that a version can be written, so that nobody waits for a model that cannot be kept.
  func checkIsWritable() throws {
    let files = FileManager.default
    var folder = "\(repository.root)/\(name)"
    while !files.fileExists(atPath: folder) {
      let parent = URL(filePath: folder).deletingLastPathComponent().path
      guard parent != folder else { break }
      folder = parent
    }
    var isFolder = false
    guard files.fileExists(atPath: folder, isDirectory: &isFolder), isFolder else {
      throw OutputError(description: "\(folder): this is a file, but --output needs a folder")
    }
    guard files.isWritableFile(atPath: folder) else {
      throw OutputError(description: "\(folder): no permission to write into this folder")
    }
  }

  /// Writes the next version and gives its folder.
  func publish(_ model: TrainedModel, _ manifest: Manifest) throws -> String {
    try repository.publish(
      name, file: "model.json", model: Data(model.json), manifest: manifest
    ).folder
  }
}

/// Why a model cannot be written.
struct OutputError: Error, CustomStringConvertible {
  let description: String
}
