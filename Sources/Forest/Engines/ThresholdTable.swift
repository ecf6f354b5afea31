import ForestKernels

/// Thresholds laid out for the kernels (see `fk_column`).
struct ThresholdTable {
  private(set) var values: [Float] = []

  /// Adds the thresholds of a column; returns where they start.
  mutating func append(_ thresholds: [Float]) -> UInt32 {
    let count = thresholds.count
    guard count > FK_FEW, count <= FK_MANY else {
      defer { values += thresholds }
      return UInt32(values.count)
    }
    let padded = thresholds + Array(repeating: .infinity, count: FK_PADDED - count)
    values += (0..<16).map { padded[16 * $0 + 15] }
    defer { values += padded }
    return UInt32(values.count)
  }
}
