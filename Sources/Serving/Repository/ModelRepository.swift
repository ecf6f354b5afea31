#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Models on disk: `ROOT/NAME/VERSION/` with one `model.*` file and perhaps a `manifest.json`, or a
/// single model file, which is version 1 of the model with the file's name.
public struct ModelRepository: Sendable {
  /// The folder that holds a folder a model; for a single file the folder that it lies in.
  public let root: String
  /// The single file and what it is, if the repository is one.
  let single: (id: ModelID, file: String)?

  /// The repository in this folder.
  public init(root: String) {
    self.root = root
    self.single = nil
  }

  /// A repository of one model file.
  public init(file: String) {
    let url = URL(filePath: file)
    let name = url.deletingPathExtension().lastPathComponent
    let folder = url.deletingLastPathComponent().path
    root = folder.isEmpty ? "." : folder
    single = (ModelID(name: name, version: "1"), url.lastPathComponent)
  }

  /// The models and their versions, newest version first.
  ///
  /// Versions that are numbers come in the order of the numbers, after them all others in the
  /// order of their text. Names that ``ModelID/isValidName(_:)`` refuses are passed over, and so
  /// are models without a version.
  ///
  /// - Throws: ``ModelLoadError`` when the folder cannot be read.
  public func models() throws(ModelLoadError) -> [(name: String, versions: [String])] {
    if let single { return [(single.id.name, [single.id.version])] }
    var models: [(name: String, versions: [String])] = []
    for name in try folders(in: root).sorted() {
      let versions = try folders(in: "\(root)/\(name)").sorted(by: ModelID.isNewerVersion)
      if !versions.isEmpty { models.append((name, versions)) }
    }
    return models
  }

  /// Reads one version of a model and checks it on its examples.
  public func load(_ id: ModelID) throws(ModelLoadError) -> Model {
    if let single {
      guard id == single.id else {
        throw ModelLoadError(.folder, place: root, message: "there is no model \(id) in it")
      }
      return try Model(id: id, file: "\(root)/\(single.file)")
    }
    return try load(id, from: "\(root)/\(id)")
  }

  /// Reads a version from a folder that need not be its own.
  func load(_ id: ModelID, from folder: String) throws(ModelLoadError) -> Model {
    let manifest = try Self.manifest(in: folder)
    return try Model(id: id, file: Self.modelFile(in: folder), manifest: manifest)
  }

  /// Whether this version of the model is in the repository.
  public func contains(_ id: ModelID) -> Bool {
    if let single { return id == single.id }
    return ModelID.isValidName(id.name) && ModelID.isValidName(id.version)
      && FileManager.default.fileExists(atPath: "\(root)/\(id)")
  }

  func folders(in path: String) throws(ModelLoadError) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: path).filter { name in
        var isFolder: Bool = false
        return ModelID.isValidName(name)
          && FileManager.default.fileExists(atPath: "\(path)/\(name)", isDirectory: &isFolder)
          && isFolder
      }
    } catch {
      throw ModelLoadError(.folder, place: path, message: "the folder cannot be read", cause: error)
    }
  }

  private static func modelFile(in folder: String) throws(ModelLoadError) -> String {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder)
    } catch {
      throw ModelLoadError(
        .folder, place: folder, message: "the folder cannot be read", cause: error)
    }
    let files = names.filter(isModelFile).sorted()
    guard let file = files.first, files.count == 1 else {
      throw ModelLoadError(
        .folder, place: folder,
        message: files.isEmpty
          ? "there is no model file in it; put one there, named model.json, model.ubj, model.txt or model.pkl"
          : "there are several model files in it (\(files.joined(separator: ", "))); leave one")
    }
    return "\(folder)/\(file)"
  }

  /// Whether a file of a version is its model; what is being written under such a name is not.
  static func isModelFile(_ name: String) -> Bool {
    name.hasPrefix("model.") && !name.hasSuffix(".tmp") && !name.hasSuffix(".part")
      && !name.hasSuffix("~")
  }

  static func manifest(in folder: String) throws(ModelLoadError) -> Manifest {
    let path = "\(folder)/manifest.json"
    guard FileManager.default.fileExists(atPath: path) else { return Manifest() }
    do {
      return try JSONDecoder().decode(Manifest.self, from: Data(contentsOf: URL(filePath: path)))
    } catch {
      throw ModelLoadError(.manifest, place: path, message: "it is not a manifest", cause: error)
    }
  }
}
