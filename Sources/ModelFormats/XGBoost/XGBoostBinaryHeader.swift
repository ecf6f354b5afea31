/// What may stand before a model in XGBoost's binary format, and where the model itself begins.
///
/// There is no signature: the parameters come first, 136 bytes, then the names of the objective and
/// of the booster, each behind its length. Those two tell the format. Before it may stand
///
/// - `binf`, which early versions and R write;
/// - `CONFIG-offset:` and the model's size, in what 1.0 to 1.2 pickle, which add their settings as
///   JSON behind the model;
/// - in files of XGBoost4J-Spark, the number of classes, or before 0.8 the kind of model, the names
///   of columns and thresholds (big-endian, as Java writes them).
struct XGBoostBinaryHeader {
  /// The size of the parameters.
  static let parameterSize = 136

  /// The first byte of the parameters.
  let modelStart: Int
  /// The bytes of the model, where the header tells.
  let modelSize: Int?

  /// Recognises the format; nil where the bytes are something else.
  ///
  /// - Parameter start: the first kilobyte of the file.
  init?(_ start: [UInt8]) {
    let snapshot = Array("CONFIG-offset:".utf8)
    var position = 0
    if start.starts(with: snapshot), start.count >= snapshot.count + 8 {
      position = snapshot.count + 8
      modelSize = Int(clamping: Self.number(start, snapshot.count))
    } else {
      modelSize = nil
      guard
        let found = [0, 4, Self.sparkHeaderSize(start)].first(where: { offset in
          offset.map { Self.isModel(start, Self.skippingMark(start, $0)) } ?? false
        }), let found
      else { return nil }
      position = found
    }
    modelStart = Self.skippingMark(start, position)
    guard Self.isModel(start, modelStart) else { return nil }
  }

  private static func skippingMark(_ start: [UInt8], _ offset: Int) -> Int {
    start.dropFirst(offset).starts(with: "binf".utf8) ? offset + 4 : offset
  }

  /// Whether the names of an objective and a booster stand where they have to.
  private static func isModel(_ start: [UInt8], _ offset: Int) -> Bool {
    guard let objective = text(start, offset + parameterSize),
      objective.utf8.allSatisfy({ 0x21..<0x7F ~= $0 })
    else { return false }
    let booster = text(start, offset + parameterSize + 8 + objective.utf8.count)
    return ["gbtree", "dart", "gblinear"].contains(booster)
  }

  private static func text(_ start: [UInt8], _ offset: Int) -> String? {
    let count = number(start, offset)
    guard 1...64 ~= count, offset + 8 + Int(count) <= start.count else { return nil }
    return String(validating: start[offset + 8..<offset + 8 + Int(count)], as: UTF8.self)
  }

  /// The little-endian number at an offset; 0 where there is none.
  private static func number(_ start: [UInt8], _ offset: Int) -> UInt64 {
    guard offset >= 0, offset + 8 <= start.count else { return 0 }
    return start[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The bytes of the older header of XGBoost4J-Spark: `_cls_` or `_reg_`, the names of three
  /// columns, and for classifiers another name, the number of classes and thresholds.
  private static func sparkHeaderSize(_ start: [UInt8]) -> Int? {
    let isClassifier = start.starts(with: "\0\u{5}_cls_".utf8)
    guard isClassifier || start.starts(with: "\0\u{5}_reg_".utf8) else { return nil }
    var offset = 7
    for _ in 0..<(isClassifier ? 4 : 3) {
      guard offset + 2 <= start.count else { return nil }
      offset += 2 + Int(start[offset]) << 8 + Int(start[offset + 1])
    }
    guard isClassifier else { return offset }
    guard offset + 8 <= start.count else { return nil }
    let thresholds = start[offset + 4..<offset + 8].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    return offset + 8 + 8 * Int(max(0, Int32(bitPattern: thresholds)))
  }
}
