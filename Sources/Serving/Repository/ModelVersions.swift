/// The life of the versions of one model: what lies on disk, what is in memory, what should be, and
/// so what is to be done next. It does nothing itself.
///
/// ```
///              load                 loaded
///   on disk ──────────▶ loading ── (on trial) ──▶ ready ──unload──▶ on disk
///      ▲                   │ failed                │ its files change
///      └─ files change ─ failed                    └──▶ loading beside the old one, which answers
///                                                       on until the new one is ready, or for good
///                                                       if that one fails
/// ```
///
/// Nothing is unloaded before all that should be in memory is there or has failed. A version whose
/// folder goes stays in memory until someone lets it go (``forgetGone()``) or a newer one takes over.
struct ModelVersions: Sendable {
  /// What is to be done.
  enum Action: Sendable, Equatable {
    case load(String, FolderStamp)
    case unload(String)
    case endTrial(String)
  }

  /// What was asked for by name, above the policy.
  enum Wish: String, Sendable, Codable {
    case loaded, unloaded
  }

  private struct Version {
    var disk: FolderStamp?
    var memory: FolderStamp?
    var loading: FolderStamp?
    /// In memory, and asked beside the version in place; nobody gets its answers.
    var trial: FolderStamp?
    var failure: (stamp: FolderStamp, reason: String)?

    var canBeLoaded: Bool {
      guard let disk else { return false }
      return disk != memory && disk != loading && disk != trial && disk != failure?.stamp
    }

    var isOnTheWay: Bool { loading != nil || trial != nil }
  }

  let policy: VersionPolicy
  /// Whether the whole model is to be out of memory.
  var isUnloaded = false
  /// What was asked for single versions.
  var wishes: [String: Wish] = [:]
  /// Versions that labels and traffic rules need.
  var referenced: Set<String> = []
  private var versions: [String: Version] = [:]

  init(policy: VersionPolicy) {
    self.policy = policy
  }

  /// All that is known, newest first.
  var known: [String] { versions.keys.sorted(by: ModelID.isNewerVersion) }

  /// What is in memory, newest first.
  var ready: [String] { known.filter { versions[$0]?.memory != nil } }

  /// Whether nothing of the model is left.
  var isEmpty: Bool { versions.isEmpty }

  /// Takes in what lies on disk now, except for versions whose files are still being written.
  mutating func see(_ found: [String: FolderStamp], unsettled: Set<String> = []) {
    for version in Set(versions.keys).union(found.keys) where !unsettled.contains(version) {
      versions[version, default: Version()].disk = found[version]
      if found[version] == nil { versions[version]?.failure = nil }
    }
    forgetEmpty()
  }

  /// What is in memory and not on disk, newest first.
  var gone: [String] { ready.filter { versions[$0]?.disk == nil } }

  /// Lets go of versions that are in memory and not on disk.
  mutating func forgetGone() -> [String] {
    let gone = gone.filter { !referenced.contains($0) }
    // The last one stays: an empty disk must not stop a service.
    return gone.count == ready.count ? [] : gone
  }

  /// Makes failed versions worth another try.
  mutating func forgetFailures() {
    for version in versions.keys { versions[version]?.failure = nil }
  }

  /// What to do next, or nil; the caller does it and tells the outcome before it asks again.
  func next() -> Action? {
    let wanted = wanted
    for version in wanted {
      if let entry = versions[version], entry.canBeLoaded, let stamp = entry.disk {
        return .load(version, stamp)
      }
    }
    if let version = known.first(where: {
      versions[$0]?.trial != nil && (versions[$0]?.disk == nil || !wanted.contains($0))
    }) {
      return .endTrial(version)
    }
    let mayBeLast = isUnloaded || !wanted.contains { versions[$0]?.isOnTheWay == true }
    let ready = ready
    return ready.first {
      !wanted.contains($0) && (mayBeLast || wishes[$0] == .unloaded && ready.count > 1)
    }.map { .unload($0) }
  }

  /// The version whose requests this one would get: itself when its files changed, the newest one
  /// when it is newer; nil when there is none.
  func replaced(by version: String) -> String? {
    if versions[version]?.memory != nil { return version }
    let wanted = wanted
    guard wanted.first == version else { return nil }
    return ready.first(where: wanted.contains) ?? ready.first
  }

  mutating func tried(_ version: String, _ stamp: FolderStamp) {
    versions[version]?.loading = nil
    versions[version]?.trial = stamp
  }

  mutating func endedTrial(_ version: String) {
    versions[version]?.trial = nil
    forgetEmpty()
  }

  mutating func began(_ version: String, _ stamp: FolderStamp) {
    versions[version]?.loading = stamp
  }

  mutating func loaded(_ version: String, _ stamp: FolderStamp) {
    versions[version, default: Version()].loading = nil
    versions[version]?.trial = nil
    versions[version]?.memory = stamp
    versions[version]?.failure = nil
  }

  mutating func failed(_ version: String, _ stamp: FolderStamp, _ reason: String) {
    versions[version]?.loading = nil
    versions[version]?.trial = nil
    versions[version]?.failure = (stamp, reason)
  }

  mutating func unloaded(_ version: String) {
    versions[version]?.memory = nil
    forgetEmpty()
  }

  private mutating func forgetEmpty() {
    versions = versions.filter { _, version in
      version.disk != nil || version.memory != nil || version.isOnTheWay
    }
    wishes = wishes.filter { versions[$0.key] != nil }
  }
}

extension ModelVersions {
  /// What should be in memory, newest first.
  var wanted: [String] {
    guard !isUnloaded else { return [] }
    let allowed = known.filter { wishes[$0] != .unloaded }
    let chosen: [String] =
      switch policy {
      case .latest:
        // One that fails now leaves the place to the next older one.
        allowed.first { version in
          versions[version].map { $0.memory != nil || $0.isOnTheWay || $0.canBeLoaded } ?? false
        }.map { [$0] } ?? []
      case .all: allowed
      case .only(let names): allowed.filter(names.contains)
      }
    return allowed.filter {
      chosen.contains($0) || wishes[$0] == .loaded || referenced.contains($0)
    }
  }

  /// Why a version is not in memory, or not as its files are now; nil when all is well.
  func reason(_ version: String) -> String? {
    guard let entry = versions[version] else { return "there is no such version" }
    if let failure = entry.failure, failure.stamp == entry.disk {
      return entry.memory == nil
        ? failure.reason : "its files changed, and what they hold now is refused: \(failure.reason)"
    }
    if entry.trial != nil {
      return entry.memory == nil
        ? "it is on trial: it is asked beside the version in place"
        : "its files changed, and what they hold now is on trial"
    }
    if entry.disk == nil { return "its folder is gone; it is served from memory" }
    if entry.memory != nil || entry.loading != nil { return nil }
    if isUnloaded || wishes[version] == .unloaded { return "it was unloaded" }
    return "the version policy \(policy) leaves it out"
  }

  /// Where a version stands.
  func state(_ version: String) -> RepositoryEntry.State {
    guard let entry = versions[version] else { return .unavailable }
    if entry.memory != nil { return isUnloaded ? .unloading : .ready }
    return entry.isOnTheWay ? .loading : .unavailable
  }

  /// How many versions were refused as they are on disk now.
  var failureCount: Int {
    versions.values.count { $0.failure != nil && $0.failure?.stamp == $0.disk }
  }
}
