import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import Serving

@Suite("Shadows that have to wait")
struct ShadowTests {
  /// Holds the requests for version 2 until they are let go.
  final class Holding: Predicting {
    private struct State {
      var isOpen = false
      var held: [CheckedContinuation<Void, Never>] = []
    }

    private let predictor: LocalPredictor
    private let state = Mutex(State())

    init(_ predictor: LocalPredictor) {
      self.predictor = predictor
    }

    var heldCount: Int { state.withLock { $0.held.count } }

    func predict(_ request: PredictionRequest) async throws(PredictionError) -> Prediction {
      if request.model.version == "2" {
        await withCheckedContinuation { continuation in
          let isOpen = state.withLock { state in
            if !state.isOpen { state.held.append(continuation) }
            return state.isOpen
          }
          if isOpen { continuation.resume() }
        }
      }
      return try await predictor.predict(request)
    }

    func open() {
      let held = state.withLock { state in
        state.isOpen = true
        defer { state.held = [] }
        return state.held
      }
      for continuation in held { continuation.resume() }
    }
  }

  @Test("are asked side by side, wait while as many are under way as may, and are dropped beyond")
  func bounds() async throws {
    try await SmallModel.withManager { manager, _ in
      let rule = TrafficRule(weights: ["1": 100], shadow: .init(version: "2"))
      try await manager.setTraffic(rule, of: "iris")
      let holding = Holding(LocalPredictor(manager.catalog))
      let metrics = PrometheusRegistry()
      let traffic = TrafficPredictor(holding, catalog: manager.catalog, metrics: metrics)
      @Sendable func has(_ count: Int, _ result: String) -> Bool {
        metrics.text().contains(
          "coppice_shadow_requests_total{model=\"iris\",version=\"2\",result=\"\(result)\"} "
            + "\(count)\n")
      }
      try await withServices([traffic]) {
        let model = try manager.catalog.model(named: "iris", version: nil)
        let (taken, tooMany) = (ShadowRequests.maximumCount, 7)
        for _ in 0..<taken + tooMany { _ = try await traffic.predict(SmallModel.request(model)) }
        #expect(has(tooMany, "dropped"))
        let areSideBySide = await eventually {
          holding.heldCount == ShadowRequests.maximumUnderWay
        }
        #expect(areSideBySide)
        holding.open()
        let areAllAsked = await eventually { has(taken, "same") }
        #expect(areAllAsked)
        #expect(has(tooMany, "dropped"), "there is room again")
        _ = try await traffic.predict(SmallModel.request(model))
        let isAsked = await eventually { has(taken + 1, "same") }
        #expect(isAsked)
      }
    }
  }
}
