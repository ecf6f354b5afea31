/// The life of the versions of one model: what lies on disk, what is in memory, what should be, and
/// so what is to be done next. It does nothing itself.
///
/// ```
///              load                 loaded
///   on disk ──────────▶ loading ───────────────▶ ready ──unload──▶ on disk
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
  }

  /// What was asked for by name, above the policy.
  enum Wish: String, Sendable, Codable {
    case loaded, unloaded
  }

  private struct Version {
    var disk: FolderStamp?
    var memory: FolderStamp?
    var loading: FolderStamp?
    var failure: (stamp: FolderStamp, reason: String)?

    var canBeLoaded: Bool {
      guard let disk else { return false }
      return disk != memory && disk != loading && disk != failure?.stamp
    }
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

  /// Lets go of versions that are in memory and not on disk.
  mutating func forgetGone() -> [String] {
    let gone = ready.filter { versions[$0]?.disk == nil && !referenced.contains($0) }
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
    guard isUnloaded || !wanted.contains(where: { versions[$0]?.loading != nil }) else {
      return nil
    }
    return ready.first { !wanted.contains($0) }.map { .unload($0) }
  }

  mutating func began(_ version: String, _ stamp: FolderStamp) {
    versions[version]?.loading = stamp
  }

  mutating func loaded(_ version: String, _ stamp: FolderStamp) {
    versions[version, default: Version()].loading = nil
    versions[version]?.memory = stamp
    versions[version]?.failure = nil
  }

  mutating func failed(_ version: String, _ stamp: FolderStamp, _ reason: String) {
    versions[version]?.loading = nil
    versions[version]?.failure = (stamp, reason)
  }

  mutating func unloaded(_ version: String) {
    versions[version]?.memory = nil
    forgetEmpty()
  }

  private mutating func forgetEmpty() {
    versions = versions.filter { _, version in
      version.disk != nil || version.memory != nil || version.loading != nil
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
          versions[version].map { $0.memory != nil || $0.loading != nil || $0.canBeLoaded } ?? false
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
    if entry.disk == nil { return "its folder is gone; it is served from memory" }
    if entry.memory != nil || entry.loading != nil { return nil }
    if isUnloaded || wishes[version] == .unloaded { return "it was unloaded" }
    return "the version policy \(policy) leaves it out"
  }

  /// Where a version stands.
  func state(_ version: String) -> RepositoryEntry.State {
    guard let entry = versions[version] else { return .unavailable }
    if entry.memory != nil { return isUnloaded ? .unloading : .ready }
    return entry.loading != nil ? .loading : .unavailable
  }

  /// How many versions were refused as they are on disk now.
  var failureCount: Int {
    versions.values.count { $0.failure != nil && $0.failure?.stamp == $0.disk }
  }
}
