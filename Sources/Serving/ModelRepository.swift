#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Models on disk: `ROOT/NAME/VERSION/` with one `model.*` file and perhaps a `manifest.json`.
public struct ModelRepository: Sendable {
  /// The folder that holds a folder a model.
  public let root: String

  /// The repository in this folder.
  public init(root: String) {
    self.root = root
  }

  /// The models and their versions, newest version first.
  ///
  /// Versions that are numbers come in the order of the numbers, after them all others in the
  /// order of their text. Names that ``ModelID/isValidName(_:)`` refuses are passed over, and so
  /// are models without a version.
  ///
  /// - Throws: ``ModelLoadError`` when the folder cannot be read.
  public func models() throws(ModelLoadError) -> [(name: String, versions: [String])] {
    var models: [(name: String, versions: [String])] = []
    for name in try folders(in: root).sorted() {
      let versions = try folders(in: "\(root)/\(name)").sorted(by: Self.isNewer)
      if !versions.isEmpty { models.append((name, versions)) }
    }
    return models
  }

  /// Reads one version of a model and checks it on its examples.
  public func load(_ id: ModelID) throws(ModelLoadError) -> Model {
    let folder = "\(root)/\(id)"
    let manifest = try Self.manifest(in: folder)
    return try Model(id: id, file: Self.modelFile(in: folder), manifest: manifest)
  }

  /// Whether this version of the model is in the repository.
  public func contains(_ id: ModelID) -> Bool {
    ModelID.isValidName(id.name) && ModelID.isValidName(id.version)
      && FileManager.default.fileExists(atPath: "\(root)/\(id)")
  }

  private func folders(in path: String) throws(ModelLoadError) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: path).filter { name in
        var isFolder: Bool = false
        return ModelID.isValidName(name)
          && FileManager.default.fileExists(atPath: "\(path)/\(name)", isDirectory: &isFolder)
          && isFolder
      }
    } catch {
      throw ModelLoadError(place: path, message: "the folder cannot be read", cause: error)
    }
  }

  private static func isNewer(_ left: String, _ right: String) -> Bool {
    switch (UInt64(left), UInt64(right)) {
    case (let left?, let right?): left > right
    case (nil, nil): left > right
    case (let left, _): left != nil
    }
  }

  private static func modelFile(in folder: String) throws(ModelLoadError) -> String {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder)
    } catch {
      throw ModelLoadError(place: folder, message: "the folder cannot be read", cause: error)
    }
    let files = names.filter { $0.hasPrefix("model.") }.sorted()
    guard let file = files.first, files.count == 1 else {
      throw ModelLoadError(
        place: folder,
        message: files.isEmpty
          ? "there is no model file in it; put one there, named model.json, model.ubj, model.txt or model.pkl"
          : "there are several model files in it (\(files.joined(separator: ", "))); leave one")
    }
    return "\(folder)/\(file)"
  }

  private static func manifest(in folder: String) throws(ModelLoadError) -> Manifest {
    let path = "\(folder)/manifest.json"
    guard FileManager.default.fileExists(atPath: path) else { return Manifest() }
    do {
      return try JSONDecoder().decode(Manifest.self, from: Data(contentsOf: URL(filePath: path)))
    } catch {
      throw ModelLoadError(place: path, message: "it is not a manifest", cause: error)
    }
  }
}
