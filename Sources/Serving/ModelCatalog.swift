import Synchronization

/// The models that are loaded, for lookup by every request.
public final class ModelCatalog: Sendable {
  private struct Contents {
    var models: [ModelID: Model] = [:]
    /// The version of each model that answers when a request names none.
    var latest: [String: Model] = [:]
    var only: Model? { latest.count == 1 ? latest.values.first : nil }
  }

  private let contents: Mutex<Contents>
  private let repository: ModelRepository?

  /// A catalog of these models; the last of each name is the one that answers when no version is
  /// asked for.
  ///
  /// - Parameter repository: where ``loading(_:)`` finds versions that are not loaded yet.
  public init(_ models: [Model], repository: ModelRepository? = nil) {
    var contents = Contents()
    for model in models {
      contents.models[model.id] = model
      contents.latest[model.id.name] = model
    }
    self.contents = Mutex(contents)
    self.repository = repository
  }

  /// The models that answer when no version is asked for, by name.
  public var models: [Model] {
    contents.withLock { $0.latest.values.sorted { $0.id.name < $1.id.name } }
  }

  /// The model for a request.
  ///
  /// - Parameters:
  ///   - name: nil for the only model.
  ///   - version: nil for the latest.
  /// - Throws: ``PredictionError`` that lists what there is.
  public func model(named name: String?, version: String?) throws(PredictionError) -> Model {
    let (model, latest) = contents.withLock { contents in
      let latest = name.map { contents.latest[$0] } ?? contents.only
      let model = version.map { version in
        latest.flatMap { contents.models[ModelID(name: $0.id.name, version: version)] }
      }
      return (model ?? latest, latest)
    }
    if let model { return model }
    if let latest {
      throw PredictionError(
        .unknownVersion,
        "model \(latest.id.name) is served in version \(latest.id.version), "
          + "not in the one asked for", field: "version")
    }
    let names = models.map(\.id.name).joined(separator: ", ")
    throw PredictionError(
      .unknownModel,
      name == nil
        ? "several models are served; choose one with ?model=: \(names)"
        : "no model of that name is served; there is: \(names)", field: "model")
  }

  /// The model with exactly this name and version, if it is loaded.
  public func loaded(_ id: ModelID) -> Model? { contents.withLock { $0.models[id] } }

  /// The model with exactly this name and version, read from the repository if it has to be.
  ///
  /// A worker may be asked for a version that was published after it started, or that is not the
  /// latest any more.
  public func loading(_ id: ModelID) throws(PredictionError) -> Model {
    if let model = loaded(id) { return model }
    guard let repository, repository.contains(id) else {
      throw PredictionError(.unknownModel, "model \(id) is not in this worker's repository")
    }
    do {
      let model = try repository.load(id)
      contents.withLock { $0.models[id] = model }
      return model
    } catch {
      throw PredictionError(.unavailable, "model \(id) cannot be loaded: \(error)")
    }
  }
}
