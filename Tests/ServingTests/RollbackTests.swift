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
        let end = ContinuousClock.now + .microseconds(500)
        while ContinuousClock.now < end {}
      }
      return try await predictor.predict(request)
    }
  }

  @Test(
    "is taken out within the bounds when it fails or slows down, and left alone otherwise",
    arguments: Impaired.Fault.allCases)
  func rollback(fault: Impaired.Fault) async throws {
    try await SmallModel.withManager { manager, _ in
      let rule = TrafficRule(
        weights: ["1": 60, "2": 40],
        rollback: RollbackBounds(
          errorRate: 0.05, latencyRatio: 20, minimumRequests: 50, window: 200))
      try await manager.setTraffic(rule, of: "iris")
      let traffic = TrafficPredictor(
        Impaired(predictor: LocalPredictor(manager.catalog), fault: fault),
        catalog: manager.catalog, metrics: PrometheusRegistry())
      var canaryRequests = 0
      for _ in 0..<1000 {
        let model = try manager.catalog.model(named: "iris", version: nil)
        if model.id.version == "2" { canaryRequests += 1 }
        _ = try? await traffic.predict(SmallModel.request(model))
        let weights = try await manager.status(of: "iris").traffic?.weights
        if weights == ["1": 100] { break }
      }
      let status = try await manager.status(of: "iris")
      if fault == .none {
        #expect(status.traffic == rule)
      } else {
        #expect(status.traffic?.weights == ["1": 100])
        // 50 make a verdict, and it holds a moment later; slowness is looked at every 12 requests.
        #expect(canaryRequests <= 50 + 40)
        #expect(status.rollback?.hasPrefix("version 2 at ") == true)
      }
    }
  }
}
