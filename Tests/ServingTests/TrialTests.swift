import Forest
import Foundation
import Serving
import Telemetry
import TestSupport
import Testing

@testable import Serving

@Suite("A new version on trial")
struct TrialTests {
  @Test("passes after its requests, or when its time is up, unless it is too far away")
  func judge() {
    var near = TrialJudge(bounds: TrialBounds(requests: 3, difference: 0.1))
    #expect(near.record(.difference(0)) == nil)
    #expect(near.record(.difference(0.2)) == nil)
    #expect(near.record(.difference(0.05)) == .passed)
    #expect(near.record(.failure("late")) == nil, "a verdict is told once")
    var far = TrialJudge(bounds: TrialBounds(requests: 2, difference: 0.1))
    #expect(far.record(.difference(0)) == nil)
    guard case .refused(let reason) = far.record(.difference(0.3)) else {
      Issue.record("it passed")
      return
    }
    #expect(reason.contains("0.15") && reason.contains("0.1 is allowed"))
    var idle = TrialJudge(bounds: TrialBounds(requests: 2, difference: 0))
    #expect(idle.end() == .passed)
    #expect(idle.end() == nil)
    var any = TrialJudge(bounds: TrialBounds(requests: 1))
    #expect(any.record(.difference(.infinity)) == .passed)
  }

  @Test("is refused by the first live request that it fails")
  func failure() {
    var judge = TrialJudge(bounds: TrialBounds(requests: 5))
    #expect(judge.record(.difference(0)) == nil)
    #expect(
      judge.record(.failure("no such output"))
        == .refused("a live request failed after 1 that did not: no such output"))
  }
}
