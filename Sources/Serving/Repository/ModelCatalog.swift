import Synchronization

/// The models that are loaded, for lookup by every request.
///
/// A lookup takes the current ``CatalogSnapshot`` and nothing more; a change of the repository swaps
/// the snapshot as a whole. A request keeps the `Model` that it began with.
public final class ModelCatalog: Sendable {
  private let current: Mutex<CatalogSnapshot>
  private let repository: ModelRepository?
  private let draws: DrawSequence
  /// Versions that jobs asked for and that are not served, the longest known first.
  private let fetched = Mutex<[Model]>([])
  private let maximumFetched: Int

  /// A catalog of these models; the last of each name is the one that answers when no version is
  /// asked for.
  ///
  /// - Parameter repository: where ``loading(_:)`` finds versions that are not loaded yet.
  public convenience init(_ models: [Model], repository: ModelRepository? = nil) {
    var routes: [String: CatalogSnapshot.Route] = [:]
    for model in models {
      var named = routes[model.id.name]?.named ?? [:]
      named[model.id.version] = model
      routes[model.id.name] = .init(standard: model, named: named)
    }
    self.init(
      CatalogSnapshot(
        routes: routes,
        models: Dictionary(models.map { ($0.id, $0) }, uniquingKeysWith: { _, last in last }),
        index: models.map { RepositoryEntry(id: $0.id, state: .ready) }),
      repository: repository, maximumFetched: 4, seed: .random(in: 0 ... .max))
  }

  /// - Parameters:
  ///   - maximumFetched: how many versions beyond the snapshot are kept for jobs that ask for them.
  ///   - seed: of the draws for weights.
  init(
    _ snapshot: CatalogSnapshot, repository: ModelRepository?, maximumFetched: Int, seed: UInt64
  ) {
    self.current = Mutex(snapshot)
    self.repository = repository
    self.maximumFetched = maximumFetched
    self.draws = DrawSequence(seed: seed)
  }

  /// What requests see now.
  var snapshot: CatalogSnapshot { current.withLock { $0 } }

  /// From now on requests see this.
  func swap(_ snapshot: CatalogSnapshot) {
    let old = current.withLock { current in
      defer { current = snapshot }
      return current
    }
    // A version that was just unloaded may be what accepted jobs were promised.
    for (id, model) in old.models where snapshot.models[id] == nil { keep(model) }
    fetched.withLock { $0.removeAll { snapshot.models[$0.id] != nil } }
  }

  /// The models that answer when no version is asked for, by name.
  public var models: [Model] {
    snapshot.routes.values.map(\.standard).sorted { $0.id.name < $1.id.name }
  }

  /// The model for a request.
  ///
  /// - Parameters:
  ///   - name: nil for the only model.
  ///   - version: a version or a label; nil for what the traffic rule or else the newest version says.
  ///   - header: gives the value of a header field of the request by its name in lower case; a
  ///     traffic rule may keep a caller on one version by it.
  /// - Throws: ``PredictionError`` that lists what there is.
  public func model(
    named name: String?, version: String?, header: (String) -> String? = { _ in nil }
  ) throws(PredictionError) -> Model {
    let snapshot = snapshot
    guard let route = name.map({ snapshot.route(of: $0) }) ?? snapshot.only else {
      throw unknown(name, in: snapshot)
    }
    guard let version else {
      guard let split = route.split else { return route.standard }
      if let caller = split.stickyHeader.flatMap(header) { return split.model(caller: caller) }
      return split.model(draw: draws.next())
    }
    if let model = route.named[version] { return model }
    let name = route.standard.id.name
    let known = route.named.keys.sorted(by: ModelID.isNewerVersion).prefix(20)
    throw PredictionError(
      .unknownVersion,
      "model \(name) is served in version \(known.joined(separator: ", ")), not in the one asked for",
      field: "version")
  }

  private func unknown(_ name: String?, in snapshot: CatalogSnapshot) -> PredictionError {
    guard !snapshot.routes.isEmpty else {
      return PredictionError(.unknownModel, "no model is served now", field: "model")
    }
    let names = snapshot.routes.keys.sorted().prefix(50).joined(separator: ", ")
    return PredictionError(
      .unknownModel,
      name == nil
        ? "several models are served; choose one with ?model=: \(names)"
        : "no model of that name is served; there is: \(names)", field: "model")
  }

  /// The model with exactly this name and version, if it is loaded.
  public func loaded(_ id: ModelID) -> Model? {
    snapshot.models[id] ?? fetched.withLock { $0.last { $0.id == id } }
  }

  /// The model with exactly this name and version, read from the repository if it has to be.
  ///
  /// A worker may be asked for a version that it has not seen yet, or that is not served any more.
  public func loading(_ id: ModelID) throws(PredictionError) -> Model {
    if let model = loaded(id) { return model }
    guard let repository, repository.contains(id) else {
      throw PredictionError(.unknownModel, "model \(id) is not in this worker's repository")
    }
    do {
      let model = try repository.load(id)
      keep(model)
      return model
    } catch {
      throw PredictionError(.unavailable, "model \(id) cannot be loaded: \(error)")
    }
  }

  /// Forgets versions that were kept for jobs, because their files changed.
  func forget(_ ids: Set<ModelID>) {
    fetched.withLock { $0.removeAll { ids.contains($0.id) } }
  }

  private func keep(_ model: Model) {
    guard maximumFetched > 0 else { return }
    fetched.withLock { fetched in
      fetched.removeAll { $0.id == model.id }
      if fetched.count >= maximumFetched { fetched.removeFirst() }
      fetched.append(model)
    }
  }
}
