import Forest
import JSON

/// Reads the text that `save_model` and `model_to_string` write.
///
/// The order is fixed: a header of `key=value` lines, the trees, the importances, the parameters of
/// training, the categories of pandas. Keys that prediction does not need are ignored.
struct LightGBMText {
  private var model = LightGBMModel()
  private var lines: LightGBMLines
  /// The number of trees that the header announces.
  private var treeCount: Int?

  /// - Parameter rounds: how many rounds to predict with; nil is all.
  static func read(
    _ bytes: UnsafeBufferPointer<UInt8>, format: ModelFormat = .lightgbmText, rounds: Int? = nil
  ) throws -> TreeModel {
    var text = LightGBMText(lines: LightGBMLines(bytes))
    try text.readTrees(first: try text.readHeader())
    try text.readEnd()
    if let rounds { text.model.keep(rounds: rounds) }
    return try text.model.treeModel(format: format)
  }

  private init(lines: LightGBMLines) {
    self.lines = lines
  }

  /// Reads up to the first tree, and returns the line that begins it.
  private mutating func readHeader() throws -> LightGBMLines.Line {
    while let line = try lines.next() {
      if line.key == "Tree" || Self.isEndOfTrees(line.key) { return line }
      do {
        try readField(line)
      } catch {
        throw ModelFormatError(wrapping: error).inside(line.key)
      }
    }
    throw lines.error("the text ends before the trees", at: lines.offset)
  }

  private mutating func readField(_ line: LightGBMLines.Line) throws {
    switch line.key {
    case "version": model.version = lines.text(line.value)
    case "num_tree_per_iteration": model.outputCount = try lines.integer(line.value)
    case "max_feature_idx": model.maximumFeature = try lines.integer(line.value)
    case "objective": model.objective = lines.text(line.value)
    case "average_output": model.averages = true
    case "feature_names":
      model.featureNames = lines.text(line.value).split(separator: " ").map(String.init)
    case "feature_infos":
      model.featureInfos = try lines.text(line.value).split(separator: " ").map(Self.info)
    case "tree_sizes":
      var sizes: [Int] = []
      try lines.integers(line.value, into: &sizes)
      treeCount = sizes.count
    default: break
    }
  }

  /// Reads `none`, `[-1.5:2]` or `3:0:2:-1`.
  private static func info(_ text: Substring) throws -> LightGBMModel.Info {
    if text == "none" { return .constant }
    let isRange = text.hasPrefix("[") && text.hasSuffix("]")
    let parts = (isRange ? text.dropFirst().dropLast() : text).split(separator: ":")
    if isRange, parts.count == 2, let minimum = Double(parts[0]), let maximum = Double(parts[1]) {
      return .range(minimum: minimum, maximum: maximum)
    }
    let codes = parts.compactMap { Int($0) }
    guard !isRange, !codes.isEmpty, codes.count == parts.count else {
      throw ModelFormatError(
        .malformed, "expected a range or categories, found \(String(text).quoted)")
    }
    return .categories(codes)
  }

  private mutating func readTrees(first: LightGBMLines.Line) throws {
    var reader = LightGBMTextTree()
    reader.comparesMeans = model.averages && model.version == "v2"
    var line = first
    while line.key == "Tree" {
      do {
        let index = try lines.integer(line.value)
        guard index == model.trees.count else {
          throw lines.error("tree \(index) comes at this place", at: line.value.lowerBound)
        }
        line = try readTree(&reader)
        model.trees.append(try reader.finish(output: model.nextOutput))
      } catch {
        throw ModelFormatError(wrapping: error).inside("trees[\(model.trees.count)]")
      }
    }
    model.featureGains = reader.featureGains
    if let treeCount, treeCount != model.trees.count {
      throw lines.error(
        "tree_sizes announces \(treeCount) trees, but there are \(model.trees.count)",
        at: lines.offset
      ).inside("tree_sizes")
    }
    model.leavesAreMeans = line.key == "end of trees" ? reader.leafMeans.areMeans : true
  }

  /// Reads the fields of a tree, and returns the line after them.
  private mutating func readTree(_ reader: inout LightGBMTextTree) throws -> LightGBMLines.Line {
    while let line = try lines.next() {
      if line.key == "Tree" || Self.isEndOfTrees(line.key) { return line }
      try reader.read(line, of: lines)
    }
    throw lines.error("the text ends inside a tree", at: lines.offset)
  }

  /// 2.1 and older go on with the importances at once.
  private static func isEndOfTrees(_ key: String) -> Bool {
    key == "end of trees" || key == "feature importances:"
  }

  /// Reads what follows the trees, of which only the categories matter.
  private mutating func readEnd() throws {
    let marker = "pandas_categorical:"
    var isInParameters = false
    while let range = lines.nextRange() {
      let start = lines.text(range.lowerBound..<min(range.upperBound, range.lowerBound + 32))
      if start == "parameters:" { isInParameters = true }
      if start == "end of parameters" { isInParameters = false }
      if isInParameters { continue }
      if start.hasPrefix(marker) {
        try readCategories(range.lowerBound + marker.utf8.count..<range.upperBound)
      } else if lines.isAtEnd, !range.isEmpty, marker.hasPrefix(start) {
        throw lines.error("the text ends inside a line", at: range.lowerBound)
      }
    }
    guard !isInParameters else {
      throw lines.error("the text ends inside the parameters", at: lines.offset)
    }
  }

  private mutating func readCategories(_ range: Range<Int>) throws {
    do {
      model.pandasCategories = try JSONScanner.read(
        UnsafeBufferPointer(rebasing: lines.bytes[range]), allowsNonFinite: true
      ) { try $0.pandasCategories() }
    } catch {
      throw ModelFormatError(wrapping: error).inside("pandas_categorical")
    }
  }
}
