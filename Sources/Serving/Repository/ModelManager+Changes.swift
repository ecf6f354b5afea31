extension ModelManager: RepositoryControl {
  /// Every version that is known, and where it stands.
  public nonisolated func index() -> [RepositoryEntry] { catalog.snapshot.index }

  /// Loads what the repository has of a model now, what was unloaded or refused before included.
  public func load(_ name: String) async throws(PredictionError) {
    await refresh()
    guard models[name] != nil else { throw Self.unknown(name) }
    await exclusively {
      models[name]?.forgetFailures()
      try? change(name) { entry in
        entry.isUnloaded = false
        entry.versions = entry.versions.filter { $0.value == .loaded }
      }
      await reconcile()
    }
    guard let versions = models[name] else { throw Self.unknown(name) }
    if versions.ready.isEmpty {
      let reason = versions.known.first.flatMap(versions.reason) ?? "it has no version"
      throw PredictionError(
        .unavailable, "model \(name) cannot be loaded: \(reason)", field: "model")
    }
  }

  /// Stops serving a model; requests under way are finished. It stays so over a restart.
  public func unload(_ name: String) async throws(PredictionError) {
    guard models[name] != nil else { throw Self.unknown(name) }
    do throws(RepositoryError) {
      try change(name) { $0.isUnloaded = true }
    } catch {
      throw PredictionError(.unavailable, error.message)
    }
    await exclusively { _ = await reconcile() }
  }

  private static func unknown(_ name: String) -> PredictionError {
    PredictionError(
      .unknownModel, "the repository has no model of that name", field: "model")
  }
}

extension ModelManager {
  /// Loads one version, or tries it again, and keeps it in memory whatever the policy says.
  public func load(_ id: ModelID) async throws(RepositoryError) {
    await refresh()
    try requireKnown(id)
    try change(id.name) { entry in
      entry.isUnloaded = false
      entry.versions[id.version] = .loaded
    }
    await exclusively {
      models[id.name]?.forgetFailures()
      await reconcile()
    }
    guard let versions = models[id.name], versions.state(id.version) == .unavailable,
      let reason = versions.reason(id.version)
    else { return }
    // It could not be kept, so there is nothing to wish for.
    try change(id.name) { $0.versions[id.version] = nil }
    throw RepositoryError(.unacceptable, reason, field: "version")
  }

  /// Takes one version out of memory and keeps it out; requests under way are finished.
  public func unload(version id: ModelID) async throws(RepositoryError) {
    try requireKnown(id)
    let entry = state.models[id.name] ?? .init()
    if let label = entry.labels.first(where: { $0.value == id.version })?.key {
      throw RepositoryError(
        .conflict, "the label \(label) points to version \(id.version); move it first",
        field: "version")
    }
    if entry.traffic?.versions.contains(id.version) == true {
      throw RepositoryError(
        .conflict, "the traffic rule names version \(id.version); change it first",
        field: "version")
    }
    try change(id.name) { $0.versions[id.version] = .unloaded }
    await exclusively { _ = await reconcile() }
  }

  /// Lets a label point to a version that is ready.
  public func setLabel(_ label: String, of id: ModelID) throws(RepositoryError) {
    try requireKnown(id)
    guard ModelID.isValidName(label), UInt64(label) == nil else {
      throw RepositoryError(
        .invalid,
        "a label is 1 to 128 letters, digits, '.', '_' and '-', not a number alone", field: "label")
    }
    guard models[id.name]?.known.contains(label) != true else {
      throw RepositoryError(.conflict, "there is a version of that name", field: "label")
    }
    try requireReady(id)
    try change(id.name) { $0.labels[label] = id.version }
  }

  /// Takes a label away.
  public func removeLabel(_ label: String, of name: String) throws(RepositoryError) {
    try requireKnown(name)
    guard state.models[name]?.labels[label] != nil else {
      throw RepositoryError(.unknownLabel, "model \(name) has no such label", field: "label")
    }
    try change(name) { $0.labels[label] = nil }
  }

  /// Spreads requests by a rule, or by none.
  ///
  /// - Parameter revision: what ``revision(of:)`` said when the caller looked; nil does not care.
  public func setTraffic(_ rule: TrafficRule?, of name: String, revision: String? = nil)
    throws(RepositoryError)
  {
    try requireKnown(name)
    if let revision, revision != self.revision(of: name) {
      throw RepositoryError(
        .changed, "someone else changed model \(name) in the meantime; look again")
    }
    if let rule {
      if let (field, message) = rule.problem {
        throw RepositoryError(.invalid, message, field: field)
      }
      let models = try rule.versions.sorted().map { version throws(RepositoryError) in
        try requireReady(ModelID(name: name, version: version))
      }
      for other in models.dropFirst() where other.features.count != models[0].features.count {
        throw RepositoryError(
          .invalid,
          "version \(models[0].id.version) takes \(models[0].features.count) features, version "
            + "\(other.id.version) \(other.features.count); one request cannot go to both",
          field: "weights")
      }
    }
    try change(name) { entry in
      entry.traffic = rule
      entry.rollback = nil
    }
  }

  /// Names the state of what was decided about a model.
  public func revision(of name: String) -> String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    let entry = state.models[name].map(\.sortedDescription) ?? ""
    for byte in entry.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    return String(hash, radix: 16)
  }

  /// Changes what was decided about a model, in memory and in the state file, or neither.
  func change(_ name: String, _ body: (inout RepositoryState.Entry) -> Void)
    throws(RepositoryError)
  {
    var new = state
    var entry = new.models[name] ?? .init()
    body(&entry)
    new.models[name] = entry == .init() ? nil : entry
    try save(new)
  }

  func requireKnown(_ name: String) throws(RepositoryError) {
    guard models[name] != nil else {
      throw RepositoryError(
        .unknownModel, "the repository has no model of that name", field: "model")
    }
  }

  func requireKnown(_ id: ModelID) throws(RepositoryError) {
    try requireKnown(id.name)
    guard models[id.name]?.known.contains(id.version) == true else {
      throw RepositoryError(
        .unknownVersion, "model \(id.name) has no such version", field: "version")
    }
  }

  @discardableResult
  private func requireReady(_ id: ModelID) throws(RepositoryError) -> Model {
    try requireKnown(id)
    guard let model = loaded[id] else {
      throw RepositoryError(
        .notReady,
        "version \(id.version) of \(id.name) is not ready: "
          + (models[id.name]?.reason(id.version) ?? "it is being loaded"), field: "version")
    }
    return model
  }
}
