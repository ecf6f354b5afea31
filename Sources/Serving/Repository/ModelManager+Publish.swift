import Logging

extension ModelManager {
  /// Lets requests see what is in memory now.
  func publish() {
    var index: [RepositoryEntry] = []
    var routes: [String: CatalogSnapshot.Route] = [:]
    for (name, versions) in models.sorted(by: { $0.key < $1.key }) {
      index += versions.known.map { version in
        RepositoryEntry(
          id: ModelID(name: name, version: version), state: versions.state(version),
          reason: versions.reason(version) ?? "")
      }
      routes[name] = route(name, versions)
      metrics.failures(of: name, versions.failureCount)
      metrics.gone(of: name, versions.gone.count)
    }
    catalog.swap(CatalogSnapshot(routes: routes, models: loaded, index: index))
  }

  private func route(_ name: String, _ versions: ModelVersions) -> CatalogSnapshot.Route? {
    let wanted = versions.wanted
    let ready = versions.ready
    func model(_ version: String) -> Model? { loaded[ModelID(name: name, version: version)] }
    guard !versions.isUnloaded,
      let standard = (ready.first(where: wanted.contains) ?? ready.first).flatMap(model)
    else { return nil }
    var named: [String: Model] = [:]
    let entry = state.models[name] ?? .init()
    for (label, version) in entry.labels { named[label] = model(version) }
    for version in ready { named[version] = model(version) }
    let trial = trials.first { $0.key.name == name }?.value
    guard let rule = entry.traffic else {
      return .init(standard: standard, named: named, trial: trial)
    }
    return .init(
      standard: standard, named: named,
      split: rule.weights.isEmpty ? nil : TrafficSplit(rule, model: name, loaded: model),
      shadow: (rule.shadow?.version).flatMap(model), shadowPercent: rule.shadow?.percent ?? 0,
      watch: watch(of: name, rule), trial: trial)
  }

  /// The watch over a model's canary: one for as long as the rule stays as it is.
  private func watch(of name: String, _ rule: TrafficRule) -> CanaryWatch? {
    if let known = watches[name], known.rule == rule { return known.watch }
    guard let bounds = rule.rollback, let baseline = rule.baseline else { return nil }
    let canaries = rule.weights.filter { $0.value > 0 && $0.key != baseline }.keys.sorted()
    let watch = CanaryWatch(bounds: bounds, baseline: baseline, canaries: canaries) {
      [condemn] version, verdict in
      condemn.yield((ModelID(name: name, version: version), verdict))
    }
    watches[name] = (rule, watch)
    return watch
  }

  /// Gives the baseline what a version out of bounds had.
  func rollBack(_ id: ModelID, _ verdict: CanaryJudge.Verdict) {
    guard var rule = state.models[id.name]?.traffic, let baseline = rule.baseline,
      let weight = rule.weights[id.version], weight > 0, baseline != id.version
    else { return }
    rule.weights[id.version] = nil
    rule.weights[baseline, default: 0] += weight
    if rule.weights.count == 1 { rule.rollback = nil }
    var new = state
    new.models[id.name]?.traffic = rule
    new.models[id.name]?.rollback = .init(
      version: id.version, reason: verdict.reason, time: RepositoryState.now)
    do throws(RepositoryError) {
      try save(new)
    } catch {
      // It must hold now, kept or not.
      logger.error("rollback is not kept", metadata: ["reason": "\(error)"])
      hold(new)
    }
    metrics.rolledBack(id, verdict.kind)
    logger.error(
      "version rolled back",
      metadata: [
        "model": "\(id.name)", "version": "\(id.version)", "reason": "\(verdict.reason)",
      ])
  }
}
