import Synchronization

/// A traffic rule's weights, made ready for choosing: each of a hundred slots belongs to a version.
struct TrafficSplit: Sendable {
  /// The header field whose value decides, if any, in lower case.
  let stickyHeader: String?
  /// By slot.
  private let models: [Model]
  private let salt: UInt64

  /// Nil when no version with a weight is in memory; one that is missing leaves its slots to the
  /// baseline.
  init?(_ rule: TrafficRule, model name: String, loaded: (String) -> Model?) {
    let standIn =
      rule.baseline.flatMap(loaded) ?? rule.weights.keys.sorted().lazy.compactMap(loaded).first
    guard let standIn else { return nil }
    var models: [Model] = []
    // The oldest version has the first slots, so that a canary that grows moves only those callers
    // that it gains.
    for (version, weight) in rule.weights.sorted(by: { ModelID.isNewerVersion($1.key, $0.key) }) {
      models += repeatElement(loaded(version) ?? standIn, count: weight)
    }
    guard models.count == 100 else { return nil }
    self.models = models
    self.stickyHeader = rule.stickyHeader?.lowercased()
    self.salt = Self.hash(name)
  }

  /// The version for one request out of many: `draw` is uniformly distributed.
  func model(draw: UInt64) -> Model {
    // The upper half times 100, so that every slot is as likely as the others to 2 in 2^32.
    models[Int(((draw >> 32) &* 100) >> 32)]
  }

  /// The version for a caller, always the same while the weights stay.
  func model(caller: String) -> Model {
    model(draw: (Self.hash(caller) ^ salt).mixed)
  }

  /// FNV-1a, 64 bits: the same in every process and after every restart.
  private static func hash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
  }
}

/// Uniformly distributed numbers for any number of threads without a lock (SplitMix64).
final class DrawSequence: Sendable {
  private let state: Atomic<UInt64>

  init(seed: UInt64) {
    state = Atomic(seed)
  }

  func next() -> UInt64 {
    state.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue.mixed
  }
}

extension UInt64 {
  /// The finalizer of SplitMix64: close numbers become unrelated ones.
  fileprivate var mixed: UInt64 {
    var value = self
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }
}
