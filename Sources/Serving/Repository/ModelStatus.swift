/// How a model stands: its versions and what was decided about it.
public struct ModelStatus: Sendable, Encodable {
  /// How one version stands.
  public struct Version: Sendable, Encodable {
    /// Its name.
    public let version: String
    /// `READY`, `LOADING`, `UNLOADING` or `UNAVAILABLE`.
    public let state: String
    /// Why it is not ready, or not as its files are now.
    public let reason: String?
    /// The format of its file, when it is in memory.
    public let format: String?
  }

  /// The model's name.
  public let name: String
  /// Its versions, newest first.
  public let versions: [Version]
  /// The version for requests that name none, when there is no rule.
  public let newest: String?
  /// Versions by label.
  public let labels: [String: String]
  /// The rule by which requests are spread.
  public let traffic: TrafficRule?
  /// The last version that was taken out by itself, and why.
  public let rollback: String?
  /// Names this state; for `If-Match`.
  public let revision: String
}

extension ModelManager {
  /// How every model stands, by name.
  public func status() -> [ModelStatus] {
    models.keys.sorted().map(status(ofKnown:))
  }

  /// How a model stands.
  public func status(of name: String) throws(RepositoryError) -> ModelStatus {
    try requireKnown(name)
    return status(ofKnown: name)
  }

  private func status(ofKnown name: String) -> ModelStatus {
    let entry = state.models[name] ?? .init()
    let versions = models[name]
    return ModelStatus(
      name: name,
      versions: (versions?.known ?? []).map { version in
        .init(
          version: version, state: versions?.state(version).rawValue ?? "",
          reason: versions?.reason(version),
          format: loaded[ModelID(name: name, version: version)]?.format)
      },
      newest: catalog.snapshot.routes[name]?.standard.id.version, labels: entry.labels,
      traffic: entry.traffic,
      rollback: entry.rollback.map { "version \($0.version) at \($0.time): \($0.reason)" },
      revision: revision(of: name))
  }
}
