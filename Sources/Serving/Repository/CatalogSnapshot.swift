/// All that a request needs to find its model, at one moment. It never changes: a change of the
/// repository makes another one.
final class CatalogSnapshot: Sendable {
  /// How the requests for one model find their version.
  final class Route: Sendable {
    /// The version for those who name none.
    let standard: Model
    /// The versions that callers may name, by version and by label.
    let named: [String: Model]
    /// Versions by weight, for those who name none.
    let split: TrafficSplit?
    /// The version that is asked too.
    let shadow: Model?
    /// For how many of a hundred requests the shadow is asked.
    let shadowPercent: Int
    /// Watches the versions beside the baseline.
    let watch: CanaryWatch?
    /// A version that is asked too, before it takes over.
    let trial: TrialWatch?

    init(
      standard: Model, named: [String: Model], split: TrafficSplit? = nil,
      shadow: Model? = nil, shadowPercent: Int = 0, watch: CanaryWatch? = nil,
      trial: TrialWatch? = nil
    ) {
      self.standard = standard
      self.named = named
      self.split = split
      self.shadow = shadow
      self.shadowPercent = shadow == nil ? 0 : shadowPercent
      self.watch = watch
      self.trial = trial
    }
  }

  /// By the model's name.
  let routes: [String: Route]
  /// The route when there is just one model.
  let only: Route?
  /// Every version that is in memory.
  let models: [ModelID: Model]
  /// All versions that are known, by model, newest first.
  let index: [RepositoryEntry]

  init(routes: [String: Route], models: [ModelID: Model], index: [RepositoryEntry]) {
    self.routes = routes
    self.only = routes.count == 1 ? routes.values.first : nil
    self.models = models
    self.index = index
  }

  /// The route of a model; where there is just one, nothing is hashed.
  func route(of name: String) -> Route? {
    if let only, only.standard.id.name == name { return only }
    return routes[name]
  }
}
