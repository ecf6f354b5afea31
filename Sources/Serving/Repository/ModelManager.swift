public import CoreMetrics
public import Logging
import NIOPosix
public import ServiceLifecycle

/// Keeps the catalog as the repository is: loads what is new or has changed beside what answers,
/// checks it, and swaps.
///
/// Models are read one at a time, on a thread of their own with low priority. Requests never wait
/// for it: they see one ``CatalogSnapshot`` or the next.
public actor ModelManager: Service {
  /// How the manager goes about it.
  public struct Configuration: Sendable {
    /// Which versions are kept in memory.
    public var policy = VersionPolicy.latest
    /// Where people's decisions are kept; nil for nowhere.
    public var stateFile: String?
    /// How long files must stay as they are before they are read.
    public var settle = Duration.milliseconds(100)
    /// How often to look without being told that something changed; nil for never.
    public var poll: Duration? = .seconds(60)
    /// How many versions that are not served are kept in memory for jobs that ask for them.
    public var keptForJobs = 0
    /// How new versions are tried on live requests; nil lets them take over at once.
    public var trial: TrialBounds?
    /// Of the draws for weights.
    public var seed = UInt64.random(in: 0 ... .max)

    /// The usual configuration.
    public init() {}
  }

  /// What requests see.
  public nonisolated let catalog: ModelCatalog
  let repository: ModelRepository
  let configuration: Configuration
  let logger: Logger
  var models: [String: ModelVersions] = [:]
  var loaded: [ModelID: Model] = [:]
  var state = RepositoryState()
  private var stateStamp: FolderStamp.File?
  /// What lay on disk when it was last settled.
  private var scanned: ModelRepository.Scan = [:]
  private var lastScanProblem: String?
  private let watcher = RepositoryWatcher()
  private let pool = NIOThreadPool(numberOfThreads: 1)
  let metrics: RepositoryMetrics
  var watches: [String: (rule: TrafficRule, watch: CanaryWatch)] = [:]
  let (condemned, condemn) = AsyncStream.makeStream(
    of: (ModelID, CanaryJudge.Verdict).self)
  /// Versions that are asked before they take over.
  var trials: [ModelID: TrialWatch] = [:]
  let (trialsBegun, trialBegan) = AsyncStream.makeStream(of: TrialWatch.self)
  let (trialsEnded, trialEnd) = AsyncStream.makeStream(of: (TrialWatch, TrialJudge.Verdict).self)
  private var isChanging = false
  private var changesWaiting: [CheckedContinuation<Void, Never>] = []

  /// A manager with an empty catalog; ``start()`` fills it.
  public init(
    _ repository: ModelRepository, configuration: Configuration = .init(),
    metrics: any MetricsFactory, logger: Logger
  ) {
    self.repository = repository
    self.configuration = configuration
    self.logger = logger
    self.metrics = RepositoryMetrics(metrics)
    catalog = ModelCatalog(
      CatalogSnapshot(routes: [:], models: [:], index: []), repository: repository,
      maximumFetched: configuration.keptForJobs, seed: configuration.seed)
    pool.start()
  }

  /// Loads all that should be in memory, once, before anyone asks.
  ///
  /// - Returns: the reasons of versions that were refused.
  /// - Throws: ``ModelLoadError`` when the repository or the state file cannot be read.
  public func start() async throws -> [ModelLoadError] {
    let scan = try repository.scan()
    if let file = configuration.stateFile {
      state = try RepositoryState(file: file)
      stateStamp = FolderStamp.File(name: "", path: file)
    }
    see(scan, unsettled: [])
    return await reconcile()
  }

  /// Follows the repository until the service is shut down.
  public func run() async throws {
    try await pool.runIfActive { BackgroundPriority.take() }
    watch(scanned)
    await cancelWhenGracefulShutdown { [configuration, watcher, condemned] in
      await withDiscardingTaskGroup { group in
        group.addTask {
          await self.refresh()
          for await _ in watcher.changes { await self.refresh() }
        }
        group.addTask {
          for await (id, verdict) in condemned { await self.rollBack(id, verdict) }
        }
        group.addTask { await self.timeTrials() }
        group.addTask {
          for await (trial, verdict) in self.trialsEnded { await self.conclude(trial, verdict) }
        }
        guard let poll = configuration.poll else { return }
        group.addTask {
          while (try? await Task.sleep(for: poll)) != nil { await self.refresh() }
        }
      }
    }
    watcher.stop()
  }

  deinit {
    pool.shutdownGracefully { _ in }
  }

  /// Looks at everything again, as someone asked: tries what was refused once more, and lets go of
  /// versions whose folders are gone.
  public func reload() async {
    await refresh()
    await exclusively {
      for name in models.keys {
        models[name]?.forgetFailures()
        for version in models[name]?.forgetGone() ?? [] {
          unload(ModelID(name: name, version: version))
        }
      }
      publish()
      await reconcile()
    }
  }

  /// Looks at the repository, and takes in what has changed once it is settled: files that are still
  /// being written wait, all others do not wait for them.
  func refresh() async {
    rereadState()
    guard var last = scan() else { return }
    while !Task.isCancelled {
      // Before the next look, so that nothing happens unseen in between.
      watch(last)
      if last == scanned { break }
      try? await Task.sleep(for: configuration.settle)
      guard let now = scan() else { return }
      let unsettled = Self.differences(last, now)
      await exclusively {
        see(now, unsettled: unsettled)
        _ = await reconcile()
      }
      last = now
    }
  }

  /// Runs one change of what is in memory after the other.
  func exclusively<Result>(_ body: () async throws -> Result) async rethrows -> Result {
    if isChanging {
      await withCheckedContinuation { changesWaiting.append($0) }
    } else {
      isChanging = true
    }
    defer {
      if changesWaiting.isEmpty {
        isChanging = false
      } else {
        changesWaiting.removeFirst().resume()
      }
    }
    return try await body()
  }

  /// Does what is to be done until nothing is.
  @discardableResult
  func reconcile() async -> [ModelLoadError] {
    var refusals: [ModelLoadError] = []
    while let (name, action) = nextAction() {
      switch action {
      case .load(let version, let stamp):
        let id = ModelID(name: name, version: version)
        models[name]?.began(version, stamp)
        publish()
        do throws(ModelLoadError) {
          take(try await read(id), stamp)
        } catch {
          refuse(id, stamp, error.kind, "\(error)")
          refusals.append(error)
        }
      case .unload(let version): unload(ModelID(name: name, version: version))
      case .endTrial(let version):
        trials[ModelID(name: name, version: version)] = nil
        models[name]?.endedTrial(version)
        publish()
      }
    }
    models = models.filter { !$0.value.isEmpty }
    return refusals
  }

  private func nextAction() -> (String, ModelVersions.Action)? {
    for name in models.keys.sorted() {
      if let action = models[name]?.next() { return (name, action) }
    }
    return nil
  }

  /// Reads a version on the thread with low priority.
  private func read(_ id: ModelID) async throws(ModelLoadError) -> Model {
    let start = ContinuousClock.now
    let model = try await inBackground { [repository] () throws(ModelLoadError) in
      try repository.load(id)
    }
    metrics.loaded(id, in: .now - start)
    return model
  }

  /// Keeps a version out. Like every line of the log it comes after what it tells: who reads it may
  /// rely on it.
  func refuse(_ id: ModelID, _ stamp: FolderStamp, _ kind: ModelLoadError.Kind, _ reason: String) {
    models[id.name]?.failed(id.version, stamp, reason)
    publish()
    metrics.refused(id, kind)
    logger.error(
      "model refused",
      metadata: ["model": "\(id.name)", "version": "\(id.version)", "reason": "\(reason)"])
  }

  /// Does work that takes long on the thread with low priority.
  func inBackground<Result: Sendable>(
    _ work: @escaping @Sendable () throws(ModelLoadError) -> Result
  ) async throws(ModelLoadError) -> Result {
    do {
      return try await pool.runIfActive(work)
    } catch {
      throw error as? ModelLoadError
        ?? ModelLoadError(place: repository.root, message: "the process is stopping", cause: error)
    }
  }

  func unload(_ id: ModelID) {
    models[id.name]?.unloaded(id.version)
    loaded[id] = nil
    publish()
    logger.info("model unloaded", metadata: ["model": "\(id.name)", "version": "\(id.version)"])
  }

  private func scan() -> ModelRepository.Scan? {
    do throws(ModelLoadError) {
      let scan = try repository.scan()
      lastScanProblem = nil
      return scan
    } catch {
      // What is in memory goes on; an unmounted volume must not stop a service.
      if lastScanProblem != "\(error)" {
        logger.error("repository cannot be read", metadata: ["reason": "\(error)"])
      }
      lastScanProblem = "\(error)"
      return nil
    }
  }

  private func see(_ scan: ModelRepository.Scan, unsettled: Set<ModelID>) {
    catalog.forget(Self.differences(scanned, scan))
    var newlyGone: [ModelID] = []
    for name in Set(models.keys).union(scan.keys) {
      let waiting = Set(unsettled.lazy.filter { $0.name == name }.map(\.version))
      let gone = models[name]?.gone ?? []
      models[name, default: ModelVersions(policy: configuration.policy)]
        .see(scan[name] ?? [:], unsettled: waiting)
      var settled = scan[name] ?? [:]
      for version in waiting { settled[version] = scanned[name]?[version] }
      scanned[name] = settled.isEmpty ? nil : settled
      for version in models[name]?.gone ?? [] where !gone.contains(version) {
        newlyGone.append(ModelID(name: name, version: version))
      }
    }
    applyState()
    publish()
    for id in newlyGone {
      logger.warning(
        "model folder gone",
        metadata: [
          "model": "\(id.name)", "version": "\(id.version)",
          "reason": "\(models[id.name]?.reason(id.version) ?? "")",
        ])
    }
  }

  private func watch(_ scan: ModelRepository.Scan) {
    if !watcher.watch(repository.watchedFolders(scan)) {
      logger.debug("some folders cannot be watched; changes in them are seen by polling")
    }
  }

  /// Takes in what another process wrote to the state file.
  private func rereadState() {
    guard let file = configuration.stateFile,
      case let stamp = FolderStamp.File(name: "", path: file), stamp != stateStamp
    else { return }
    stateStamp = stamp
    do throws(ModelLoadError) {
      state = try RepositoryState(file: file)
      applyState()
      publish()
    } catch {
      logger.error("state file refused", metadata: ["reason": "\(error)"])
    }
  }

  /// Writes the state, then lets it hold.
  func save(_ new: RepositoryState) throws(RepositoryError) {
    guard new != state else { return }
    if let file = configuration.stateFile {
      do {
        try new.write(to: file)
      } catch {
        throw RepositoryError(
          .notSaved, "the change cannot be written to \(file), so it does not hold: \(error)")
      }
      stateStamp = FolderStamp.File(name: "", path: file)
    }
    hold(new)
  }

  func hold(_ new: RepositoryState) {
    state = new
    applyState()
    publish()
  }

  private func applyState() {
    for name in models.keys {
      let entry = state.models[name] ?? .init()
      models[name]?.isUnloaded = entry.isUnloaded
      models[name]?.wishes = entry.versions
      models[name]?.referenced = entry.referenced
    }
  }

  private static func differences(
    _ left: ModelRepository.Scan, _ right: ModelRepository.Scan
  ) -> Set<ModelID> {
    var differences: Set<ModelID> = []
    for name in Set(left.keys).union(right.keys) {
      let (left, right) = (left[name] ?? [:], right[name] ?? [:])
      for version in Set(left.keys).union(right.keys) where left[version] != right[version] {
        differences.insert(ModelID(name: name, version: version))
      }
    }
    return differences
  }
}
