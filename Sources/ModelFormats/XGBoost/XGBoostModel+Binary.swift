extension XGBoostModel {
  /// Reads the fields from the binary format that XGBoost wrote up to 2.x.
  mutating func readBinary(_ bytes: UnsafeBufferPointer<UInt8>) throws {
    guard let header = XGBoostBinaryHeader(Array(bytes.prefix(1024))) else {
      throw ModelFormatError(
        .unknownFormat, "this is no model in XGBoost's binary format", offset: 0)
    }
    if let size = header.modelSize, size > bytes.count - header.modelStart {
      throw ModelFormatError(
        .malformed,
        "\(size) bytes are announced, but only \(bytes.count - header.modelStart) follow",
        offset: header.modelStart)
    }
    hasLearner = true
    var reader = XGBoostBytes(bytes, from: header.modelStart)
    let hasAttributes = try readParameters(&reader)
    objective = try reader.string()
    booster = try reader.string()
    // Up to 0.8 those that ran on a GPU had names of their own.
    if let objective, objective.hasPrefix("gpu:") {
      self.objective = String(objective.dropFirst(4))
    }
    if booster == "gblinear" {
      // The numbers of features and outputs again, and what is reserved.
      _ = try reader.take(136)
      linearWeights = try reader.floats()
    } else if try readTrees(&reader) {
      // 0.4 pickles the predictions for its training data; nothing of the model follows them.
      return
    }
    if hasAttributes { try readAttributes(&reader) }
  }

  /// Reads the parameters, and returns whether there are attributes.
  private mutating func readParameters(_ reader: inout XGBoostBytes) throws -> Bool {
    let end = reader.offset + XGBoostBinaryHeader.parameterSize
    baseScores = [try reader.float()]
    featureCount = Int(try reader.integer(UInt32.self))
    classCount = try reader.int()
    let hasAttributes = try reader.int() != 0
    _ = try reader.int()
    let major = try reader.integer(Int32.self)
    let minor = try reader.integer(Int32.self)
    if major > 0 {
      version = [major, minor]
      targetCount = max(1, try reader.int())
    } else {
      // Before 1.0 there is no version, and the base score is a margin.
      baseScoreIsMargin = true
    }
    _ = try reader.take(end - reader.offset)
    return hasAttributes
  }

  /// Reads the trees, and returns whether predictions follow them.
  private mutating func readTrees(_ reader: inout XGBoostBytes) throws -> Bool {
    let count = try reader.int()
    // The numbers of roots and features, and padding.
    _ = try reader.take(12)
    let hasPredictions = try reader.integer(Int64.self) != 0
    let outputCount = try reader.int()
    _ = try reader.take(4 + 32 * 4)
    if version.isEmpty { classCount = max(classCount, outputCount) }
    guard count >= 0 else { throw reader.error("there are \(count) trees") }
    var treeReader = XGBoostTreeReader()
    var trees: [XGBoostTree] = []
    for index in 0..<count {
      do {
        trees.append(try treeReader.read(&reader, hasLeafVectors: version.isEmpty))
      } catch {
        throw ModelFormatError(wrapping: error).inside("trees[\(index)]")
      }
    }
    self.trees = trees
    featureGains = treeReader.featureGains
    hasCategorySplits = treeReader.hasCategorySplits
    let outputs = try reader.take(count, of: 4)
    treeOutputs = (0..<count).map { outputs.littleEndian(Int32.self, at: 4 * $0) }
    if booster == "dart", count > 0 { treeWeights = try reader.floats() }
    return hasPredictions
  }

  private mutating func readAttributes(_ reader: inout XGBoostBytes) throws {
    let count = try reader.length()
    // Each has two lengths.
    guard count <= reader.remaining / 16 else {
      throw reader.error("\(count) attributes are announced, but \(reader.remaining) bytes follow")
    }
    for _ in 0..<count {
      let key = try reader.string()
      let value = try reader.string()
      try readAttribute(key, value)
    }
  }
}
