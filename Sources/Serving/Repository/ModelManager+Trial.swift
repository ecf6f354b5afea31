import Logging

extension ModelManager {
  /// Takes in a version that was read: it takes over, or is tried on live requests first.
  func take(_ model: Model, _ stamp: FolderStamp) {
    guard let trial = trial(of: model, stamp) else {
      loaded[model.id] = model
      models[model.id.name]?.loaded(model.id.version, stamp)
      publish()
      logger.info(
        "model loaded",
        metadata: [
          "model": "\(model.id.name)", "version": "\(model.id.version)",
          "format": "\(model.format)",
          "features": "\(model.features.count)",
        ])
      return
    }
    trials[model.id] = trial
    models[model.id.name]?.tried(model.id.version, stamp)
    publish()
    logger.info(
      "model on trial",
      metadata: [
        "model": "\(model.id.name)", "version": "\(model.id.version)",
        "beside": "\(trial.standing.version)",
      ])
    trialBegan.yield(trial)
  }

  /// A trial, where one is wanted and there are requests that the version is about to take over.
  private func trial(of model: Model, _ stamp: FolderStamp) -> TrialWatch? {
    guard let bounds = configuration.trial, let versions = models[model.id.name],
      let replaced = versions.replaced(by: model.id.version)
    else { return nil }
    let standing = ModelID(name: model.id.name, version: replaced)
    let hasWeights = state.models[model.id.name]?.traffic?.weights.isEmpty == false
    guard let old = loaded[standing], old.features.count == model.features.count,
      standing == model.id || !hasWeights
    else { return nil }
    return TrialWatch(model, stamp: stamp, standing: standing, bounds: bounds) {
      [trialEnd] trial, verdict in trialEnd.yield((trial, verdict))
    }
  }

  /// Lets a trial end when its time is up; those that end before are let go of.
  nonisolated func timeTrials() async {
    let time = configuration.trial?.time ?? .zero
    await withDiscardingTaskGroup { group in
      for await trial in trialsBegun {
        group.addTask { [weak trial] in
          if (try? await Task.sleep(for: time)) != nil { trial?.end() }
        }
      }
    }
  }

  /// Does what a trial says.
  func conclude(_ trial: TrialWatch, _ verdict: TrialJudge.Verdict) async {
    await exclusively {
      let id = trial.model.id
      guard trials[id] === trial else { return }
      trials[id] = nil
      switch verdict {
      case .passed:
        loaded[id] = trial.model
        models[id.name]?.loaded(id.version, trial.stamp)
        publish()
        let (count, difference) = trial.progress
        logger.info(
          "trial passed",
          metadata: [
            "model": "\(id.name)", "version": "\(id.version)", "requests": "\(count)",
            "difference": "\(Float(difference))",
          ])
      case .refused(let reason): refuse(id, trial.stamp, .trial, reason)
      }
      await reconcile()
    }
  }
}
