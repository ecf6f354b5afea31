import ForestKernels

/// Thresholds laid out for the kernels (see `fk_column`).
struct ThresholdTable {
  private(set) var values: [Float] = []

  /// Adds the thresholds of a column; returns where they start.
  mutating func append(_ thresholds: [Float]) -> UInt32 {
    guard thresholds.count > FK_FEW else {
      defer { values += thresholds }
      return UInt32(values.count)
    }
    let isFew = thresholds.count <= FK_MANY
    let block = isFew ? 16 : Int(FK_BLOCK)
    let count = isFew ? Int(FK_PADDED) : (thresholds.count + block - 1) / block * block
    let padded = thresholds + Array(repeating: .infinity, count: count - thresholds.count)
    values += (0..<(isFew ? 16 : count / block)).map { padded[block * $0 + block - 1] }
    defer { values += padded }
    return UInt32(values.count)
  }
}
