/// A small generator of random numbers whose sequence is the same on every platform.
///
/// G. Steele, D. Lea and C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// A generator that starts here.
  public init(seed: UInt64) { state = seed }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }

  /// Shuffles in place (Fisher and Yates). The standard library's `shuffle` does not promise to
  /// stay the same from release to release; this does.
  mutating func shuffle(_ values: inout [Int]) {
    for index in values.indices.dropFirst().reversed() {
      values.swapAt(index, Int(next().multipliedFullWidth(by: UInt64(index + 1)).high))
    }
  }
}
