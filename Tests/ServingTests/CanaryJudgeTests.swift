import Testing

@testable import Serving

@Suite("The judge of a canary")
struct CanaryJudgeTests {
  struct Generator: RandomNumberGenerator {
    let draws: DrawSequence
    mutating func next() -> UInt64 { draws.next() }
  }

  /// Lets both versions answer in turn, and tells after how many of the canary's requests it was
  /// condemned.
  static func requests(
    _ bounds: RollbackBounds, limit: Int = 5000,
    canary: (inout Generator) -> CanaryJudge.Sample
  ) -> (count: Int, kind: CanaryJudge.Verdict.Kind)? {
    var judge = CanaryJudge(bounds: bounds, baseline: "1", canaries: ["2"])
    var random = Generator(draws: DrawSequence(seed: 11))
    for count in 1...limit {
      let base = CanaryJudge.Sample(
        failed: Int.random(in: 0..<100, using: &random) == 0,
        latency: .random(in: 0.001...0.002, using: &random),
        score: .random(in: 0...1, using: &random))
      #expect(judge.record("1", base) == nil)
      if let verdict = judge.record("2", canary(&random)) { return (count, verdict.kind) }
    }
    return nil
  }

  static let bounds = RollbackBounds(
    errorRate: 0.05, latencyRatio: 1.5, scoreShift: 0.1, minimumRequests: 100, window: 400)

  @Test("leaves one alone that is like the baseline")
  func same() {
    let verdict = Self.requests(Self.bounds) { random in
      .init(
        failed: Int.random(in: 0..<100, using: &random) == 0,
        latency: .random(in: 0.001...0.002, using: &random),
        score: .random(in: 0...1, using: &random))
    }
    #expect(verdict == nil)
  }

  @Test("condemns one that fails as soon as there are enough requests")
  func failing() throws {
    let verdict = Self.requests(Self.bounds) { random in
      .init(
        failed: Int.random(in: 0..<10, using: &random) < 2, latency: 0.001,
        score: .random(in: 0...1, using: &random))
    }
    let found = try #require(verdict)
    #expect(found.kind == .errors)
    #expect(found.count <= 125)
  }

  @Test("condemns one that becomes slower within a window")
  func slow() throws {
    let verdict = Self.requests(Self.bounds) { random in
      .init(failed: false, latency: 0.004, score: .random(in: 0...1, using: &random))
    }
    let found = try #require(verdict)
    #expect(found.kind == .latency)
    #expect(found.count <= 125)
  }

  @Test("condemns one whose scores move within a window, also after a good start")
  func shifted() throws {
    var good = 600
    let verdict = Self.requests(Self.bounds) { random in
      good -= 1
      return .init(
        failed: false, latency: .random(in: 0.001...0.002, using: &random),
        score: .random(in: good > 0 ? 0...1 : 0.5...1.5, using: &random))
    }
    let found = try #require(verdict)
    #expect(found.kind == .scores)
    #expect((601...1025).contains(found.count))
  }

  @Test("judges no version that the rule does not have")
  func others() {
    var judge = CanaryJudge(bounds: Self.bounds, baseline: "1", canaries: ["2"])
    for _ in 0..<200 { #expect(judge.record("3", .failure) == nil) }
    for count in 1...100 { #expect((judge.record("2", .failure) == nil) == (count < 100)) }
    #expect(judge.record("2", .failure) == nil, "a verdict is told once")
  }

  @Test(
    "measures the distance of two distributions as the textbook does",
    arguments: [
      ([1, 2, 3], [1, 2, 3], 0.0), ([1, 2], [3, 4], 1.0), ([1, 1, 2, 2], [2, 2, 2, 2], 0.5),
      ([1, 2, 3, 4], [3, 4, 5, 6], 0.5),
    ] as [([Float], [Float], Double)])
  func distance(left: [Float], right: [Float], expected: Double) {
    #expect(CanaryJudge.distance(left, right) == expected)
  }
}
