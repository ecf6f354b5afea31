extension XGBoostTreeReader {
  /// Reads one tree of the binary format: 148 bytes of parameters, 20 bytes a node, 16 bytes of
  /// statistics a node.
  ///
  /// - Parameter hasLeafVectors: whether a vector follows where the parameters say so, as before 1.0.
  mutating func read(_ reader: inout XGBoostBytes, hasLeafVectors: Bool) throws -> XGBoostTree {
    clear()
    let parameters = try reader.take(148)
    func parameter(_ index: Int) -> Int {
      Int(parameters.littleEndian(Int32.self, at: 4 * index))
    }
    guard parameter(0) <= 1 else {
      throw reader.error("a tree with \(parameter(0)) roots is not supported", .unsupported)
    }
    let count = parameter(1)
    let nodes = try reader.take(count, of: 20)
    let statistics = try reader.take(count, of: 16)
    if hasLeafVectors, parameter(5) != 0 {
      let size = try reader.length()
      _ = try reader.take(size, of: 4)
    }
    for node in 0..<count {
      func field(_ index: Int) -> Int32 {
        nodes.littleEndian(Int32.self, at: 20 * node + 4 * index)
      }
      // The parent comes first; the feature's highest bit tells where missing values go.
      leftChildren.append(field(1))
      rightChildren.append(field(2))
      features.append(field(3) & .max)
      defaultsLeft.append(field(3) < 0)
      conditions.append(Float(bitPattern: UInt32(bitPattern: field(4))))
      // The gain, the cover, the base weight, the number of leaf children.
      func statistic(_ index: Int) -> Float {
        Float(bitPattern: statistics.littleEndian(UInt32.self, at: 16 * node + 4 * index))
      }
      gains.append(statistic(0))
      hessians.append(statistic(1))
    }
    return try tree()
  }
}
