#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension ModelRepository {
  /// What lies in the repository: the state of each version's files, by model and version.
  typealias Scan = [String: [String: FolderStamp]]

  /// Looks at all folders, without reading a file.
  ///
  /// Folders that go while it looks are passed over.
  ///
  /// - Throws: ``ModelLoadError`` when the root cannot be read.
  func scan() throws(ModelLoadError) -> Scan {
    if let single {
      let stamp = FolderStamp(folder: root, names: [single.file])
      return stamp.files.isEmpty ? [:] : [single.id.name: [single.id.version: stamp]]
    }
    var scan: Scan = [:]
    for name in try folders(in: root) {
      var versions: [String: FolderStamp] = [:]
      for version in (try? folders(in: "\(root)/\(name)")) ?? [] {
        let folder = "\(root)/\(name)/\(version)"
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
          continue
        }
        versions[version] = FolderStamp(
          folder: folder, names: names.filter { Self.isModelFile($0) || $0 == "manifest.json" })
      }
      if !versions.isEmpty { scan[name] = versions }
    }
    return scan
  }

  /// The folders in which a change may matter.
  func watchedFolders(_ scan: Scan) -> [String] {
    guard single == nil else { return [root] }
    // Models without a version too: one may come.
    let models = (try? folders(in: root)) ?? []
    return [root] + models.map { "\(root)/\($0)" }
      + scan.flatMap { name, versions in versions.keys.map { "\(root)/\(name)/\($0)" } }
  }
}
