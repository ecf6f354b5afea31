#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What people decided about the models, kept over a restart in one small JSON file.
struct RepositoryState: Sendable, Equatable, Codable {
  /// What was decided about one model.
  struct Entry: Sendable, Equatable, Codable {
    /// Versions by the names that callers may use for them.
    var labels: [String: String] = [:]
    /// How requests that name no version are spread.
    var traffic: TrafficRule?
    /// Single versions that were loaded or unloaded by name.
    var versions: [String: ModelVersions.Wish] = [:]
    /// Whether the whole model was unloaded.
    var isUnloaded = false
    /// The last rollback that happened by itself.
    var rollback: Rollback?

    enum CodingKeys: String, CodingKey {
      case labels, traffic, versions, rollback
      case isUnloaded = "unloaded"
    }

    /// The versions that must be in memory for it.
    var referenced: Set<String> { Set(labels.values).union(traffic?.versions ?? []) }
  }

  /// A canary that was taken out.
  struct Rollback: Sendable, Equatable, Codable {
    var version: String
    var reason: String
    /// ISO 8601, UTC.
    var time: String
  }

  /// The file's format.
  var format = 1
  /// By the model's name; models about which nothing was decided have no entry.
  var models: [String: Entry] = [:]

  /// Reads the file; a file that is not there is an empty state.
  init(file: String) throws(ModelLoadError) {
    guard FileManager.default.fileExists(atPath: file) else { return }
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: URL(filePath: file)))
    } catch {
      throw ModelLoadError(
        place: file, message: "it is not a state file of coppice; correct or remove it",
        cause: error)
    }
    guard format == 1 else {
      throw ModelLoadError(place: file, message: "it was written by a newer coppice")
    }
  }

  init() {}

  /// The present time as the file has it.
  static var now: String { Date().formatted(.iso8601) }

  /// Writes the file in one step.
  func write(to file: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try encoder.encode(self).write(to: URL(filePath: file), options: .atomic)
  }
}

extension RepositoryState.Entry {
  /// The same text for the same decisions.
  var sortedDescription: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }
}
