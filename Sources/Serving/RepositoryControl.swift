/// What shows and changes which models a running server has.
public protocol RepositoryControl: Sendable {
  /// Every model that is known, those that are not served included.
  func index() -> [RepositoryEntry]

  /// Loads what the repository has of a model now, and serves it when all of it is loaded.
  ///
  /// - Throws: ``PredictionError``; the models that are served stay as they are then.
  func load(_ name: String) async throws(PredictionError)

  /// Stops serving a model; requests under way are finished.
  func unload(_ name: String) async throws(PredictionError)
}

/// One version of a model, and whether it is served.
public struct RepositoryEntry: Sendable, Equatable {
  /// Where it stands in its life.
  public enum State: String, Sendable {
    /// It answers requests.
    case ready = "READY"
    /// It does not.
    case unavailable = "UNAVAILABLE"
    /// It is about to.
    case loading = "LOADING"
    /// It is about not to.
    case unloading = "UNLOADING"
  }

  /// Its name and version.
  public var id: ModelID
  /// Where it stands.
  public var state: State
  /// Why it is not ready; empty otherwise.
  public var reason: String

  /// An entry.
  public init(id: ModelID, state: State, reason: String = "") {
    self.id = id
    self.state = state
    self.reason = reason
  }
}

/// A catalog that is shown, and stays as it is.
public struct FixedRepository: RepositoryControl {
  private let catalog: ModelCatalog

  /// Shows the models of this catalog.
  public init(_ catalog: ModelCatalog) {
    self.catalog = catalog
  }

  /// The models of the catalog, all ready.
  public func index() -> [RepositoryEntry] {
    catalog.models.map { RepositoryEntry(id: $0.id, state: .ready) }
  }

  /// Refuses.
  public func load(_ name: String) async throws(PredictionError) { throw Self.refusal }

  /// Refuses.
  public func unload(_ name: String) async throws(PredictionError) { throw Self.refusal }

  private static var refusal: PredictionError {
    PredictionError(.unsupported, "this server neither loads nor unloads models while it runs")
  }
}
