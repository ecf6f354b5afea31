#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

extension ModelRepository {
  /// Writes a new version of a model, under the next free number, in one step: readers see either
  /// nothing of it or all of it.
  ///
  /// - Parameters:
  ///   - name: the model's name.
  ///   - file: the model file's name, such as `model.json`.
  ///   - model: the model file's bytes.
  ///   - manifest: what to write to `manifest.json`.
  /// - Returns: the version and its folder.
  public func publish(_ name: String, file: String, model: Data, manifest: Manifest) throws -> (
    id: ModelID, folder: String
  ) {
    let files = FileManager.default
    let folder = "\(root)/\(name)"
    let draft = "\(folder)/.draft-\(UUID())"
    try files.createDirectory(atPath: draft, withIntermediateDirectories: true)
    defer { try? files.removeItem(atPath: draft) }
    try model.write(to: URL(filePath: "\(draft)/\(file)"))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try encoder.encode(manifest).write(to: URL(filePath: "\(draft)/manifest.json"))

    var number = try files.contentsOfDirectory(atPath: folder).compactMap { UInt64($0) }.max() ?? 0
    while true {
      number += 1
      let id = ModelID(name: name, version: String(number))
      do {
        try files.moveItem(atPath: draft, toPath: "\(root)/\(id)")
        return (id, "\(root)/\(id)")
      } catch  where files.fileExists(atPath: "\(root)/\(id)") {
        continue  // Another publisher took the number first.
      }
    }
  }
}
