import Serving
import Synchronization
import Telemetry
import TestSupport
import Testing

@Suite("A canary under a rule with rollback")
struct RollbackTests {
  /// Predicts, and does one version's work badly.
  struct Impaired: Predicting {
    enum Fault: CaseIterable, Sendable { case fails, slow, none }

    let predictor: LocalPredictor
    let fault: Fault

    func predict(_ request: PredictionRequest) async throws(PredictionError) -> Prediction {
      guard request.model.version == "2" else { return try await predictor.predict(request) }
      switch fault {
      case .none: break
      case .fails: throw PredictionError(.unavailable, "it cannot be loaded")
      case .slow:
        let end = ContinuousClock.now + .milliseconds(3)
        while ContinuousClock.now < end {}
      }
      return try await predictor.predict(request)
    }
  }

  @Test(
    "is taken out within the bounds when it fails or slows down, and left alone otherwise",
    arguments: Impaired.Fault.allCases)
  func rollback(fault: Impaired.Fault) async throws {
    try await SmallModel.withManager { manager, root in
      // Seen and loaded: the manager's service is at work.
      try SmallModel.add("3", to: root)
      let isRunning = await eventually {
        manager.catalog.loaded(ModelID(name: "iris", version: "3")) != nil
      }
      try #require(isRunning)
      let rule = TrafficRule(
        weights: ["1": 60, "2": 40],
        rollback: RollbackBounds(
          errorRate: 0.05, latencyRatio: 10, minimumRequests: 50, window: 200))
      try await manager.setTraffic(rule, of: "iris")
      let metrics = PrometheusRegistry()
      let metered = MeteredPredictor(
        Impaired(predictor: LocalPredictor(manager.catalog), fault: fault), metrics: metrics)
      let traffic = TrafficPredictor(metered, catalog: manager.catalog, metrics: metrics)
      // 50 requests make a verdict, and slowness gets one every 12: 60 of the canary must be enough.
      var canaryRequests = 0
      while canaryRequests < (fault == .none ? 400 : 60) {
        let model = try manager.catalog.model(named: "iris", version: nil)
        if model.id.version == "2" { canaryRequests += 1 }
        _ = try? await traffic.predict(SmallModel.request(model))
        if try await manager.status(of: "iris").rollback != nil { break }
      }
      if fault == .none {
        #expect(try await manager.status(of: "iris").traffic == rule)
      } else {
        let isOut = try await eventually {
          try await manager.status(of: "iris").traffic?.weights == ["1": 100]
        }
        #expect(isOut)
        let rollback = try await manager.status(of: "iris").rollback
        #expect(rollback?.hasPrefix("version 2 at ") == true)
        for _ in 0..<100 {
          #expect(try manager.catalog.model(named: "iris", version: nil).id.version == "1")
        }
        let restarted = SmallModel.manager(root)
        _ = try await restarted.start()
        let status = try await restarted.status(of: "iris")
        #expect(status.traffic?.weights == ["1": 100] && status.rollback == rollback)
      }
    }
  }
}
