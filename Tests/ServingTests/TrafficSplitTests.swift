import Testing

@testable import Serving

@Suite("Weights over versions")
struct TrafficSplitTests {
  static let names = ["1", "2", "3"]
  static let models = Dictionary(
    uniqueKeysWithValues: names.map { ($0, try! SmallModel.model("m", version: $0)) })

  static func split(_ weights: [String: Int]) throws -> TrafficSplit {
    try #require(TrafficSplit(TrafficRule(weights: weights), model: "m") { models[$0] })
  }

  @Test(
    "hold within statistics, for single requests and for callers", arguments: [true, false],
    [[90, 10, 0], [34, 33, 33], [1, 0, 99]])
  func weights(areCallers: Bool, weights: [Int]) throws {
    let split = try Self.split(Dictionary(uniqueKeysWithValues: zip(Self.names, weights)))
    let draws = DrawSequence(seed: 7)
    let count = 50_000
    var found = [0, 0, 0]
    for index in 0..<count {
      let model =
        areCallers ? split.model(caller: "user-\(index)") : split.model(draw: draws.next())
      found[Int(model.id.version)! - 1] += 1
    }
    // Chi-square with at most 2 degrees of freedom: 13.8 is exceeded once in a thousand.
    var statistic = 0.0
    for (found, weight) in zip(found, weights) {
      let expected = Double(count * weight) / 100
      if weight == 0 {
        #expect(found == 0)
      } else {
        statistic += (Double(found) - expected) * (Double(found) - expected) / expected
      }
    }
    #expect(statistic < 13.8, "\(found)")
  }

  @Test("never move a caller while they stay, and move only those that a growing canary gains")
  func sticky() throws {
    let (small, large) = (try Self.split(["1": 90, "2": 10]), try Self.split(["1": 70, "2": 30]))
    for index in 0..<5000 {
      let caller = "user-\(index)"
      let version = small.model(caller: caller).id.version
      #expect(small.model(caller: caller).id.version == version)
      if version == "2" { #expect(large.model(caller: caller).id.version == "2") }
    }
  }

  @Test("give what a version lacks to the baseline while it is not in memory")
  func missing() throws {
    let rule = TrafficRule(weights: ["1": 60, "9": 40])
    let split = try #require(TrafficSplit(rule, model: "m") { Self.models[$0] })
    for draw in 0..<100 as Range<UInt64> {
      #expect(split.model(draw: draw << 57).id.version == "1")
    }
  }
}
