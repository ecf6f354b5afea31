/// A format of model files.
public enum ModelFormat: String, Sendable, CaseIterable, Codable {
  /// XGBoost's model as JSON text.
  case xgboostJSON = "xgboost_json"
  /// XGBoost's model as Universal Binary JSON.
  case xgboostUBJSON = "xgboost_ubj"
  /// XGBoost's own binary format of 0.4 to 2.x.
  case xgboostBinary = "xgboost_binary"
  /// LightGBM's model as text.
  case lightgbmText = "lightgbm_text"
  /// LightGBM's model as the JSON of `dump_model`.
  case lightgbmJSON = "lightgbm_json"
  /// CatBoost's own binary model.
  case catboostBinary = "catboost_cbm"
  /// CatBoost's model as JSON text.
  case catboostJSON = "catboost_json"
  /// An ONNX model of ONNX-ML operators.
  case onnx
  /// A Python pickle that holds a model.
  case pickle
}

extension ModelFormat {
  /// The largest row that is read; the names and the matrix of one with more would cost more than
  /// the model.
  static let maximumFeatureCount = 1 << 20

  /// Tells the format of a model from its first bytes.
  ///
  /// - Throws: ``ModelFormatError``, which names the format where it is one that is known but not
  ///   read.
  static func detect(_ bytes: some Collection<UInt8>) throws(ModelFormatError) -> ModelFormat {
    let start = Array(bytes.prefix(1024))
    if start.starts(with: "tree\n".utf8) || start.starts(with: "tree\r\n".utf8) {
      return .lightgbmText
    }
    if XGBoostBinaryHeader(start) != nil { return .xgboostBinary }
    let spaces = start.prefix { [0x20, 0x09, 0x0A, 0x0D].contains($0) }.count
    if start.dropFirst(spaces).first == UInt8(ascii: "{") {
      // The first key tells: a quoted string in JSON, a length (which has a letter for its type)
      // or an announcement of type or count in UBJSON.
      switch start.dropFirst(spaces + 1).first {
      case .some(let byte) where spaces == 0 && Array("iUIlL$#".utf8).contains(byte):
        return .xgboostUBJSON
      default:
        return .xgboostJSON
      }
    }
    if start.starts(with: "CBM1".utf8) { return .catboostBinary }
    if isPickle(bytes, start) { return .pickle }
    if ONNXDocument.isModel(start) { return .onnx }
    throw unknown(start)
  }

  /// Whether the bytes are a pickle: from protocol 2 on the first two tell, before that the first
  /// is the instruction that makes a container, mark or class, and the last the one that ends.
  private static func isPickle(_ bytes: some Collection<UInt8>, _ start: [UInt8]) -> Bool {
    guard let first = start.first, start.count > 1 else { return false }
    if first == 0x80 { return 2...5 ~= start[1] }
    return "(]}c".utf8.contains(first) && bytes.suffix(1).first == UInt8(ascii: ".")
  }

  private static func unknown(_ start: [UInt8]) -> ModelFormatError {
    guard !start.isEmpty else { return ModelFormatError(.unknownFormat, "the file is empty") }
    let known = foreign.first { start.starts(with: $0.signature) }
    return ModelFormatError(
      .unknownFormat,
      known.map { "this looks like \($0.name), which is not read" }
        ?? "this is not a model in a known format",
      remedy: known?.remedy
        ?? "Coppice opens XGBoost (JSON, UBJSON, binary), LightGBM (text, JSON dump), CatBoost"
        + " (.cbm, JSON), ONNX, and pickles and joblib files of scikit-learn, XGBoost and LightGBM",
      offset: 0)
  }

  /// The beginnings of files that people take for readable models.
  private static let foreign: [(signature: [UInt8], name: String, remedy: String)] = [
    (
      Array("binf".utf8), "a damaged model in XGBoost's binary format",
      "copy it again: its first kilobyte must name its objective and booster"
    ),
    (
      Array("bs64".utf8), "an XGBoost model as base64 text, of 0.4 and before",
      "decode what follows the first five bytes as base64"
    ),
    ([0x1F, 0x8B], "a gzip file within another compression", "unpack it first"),
    ([0x04, 0x22, 0x4D, 0x18], "an lz4 file", "compress it with zlib, or not at all"),
    (Array("ZF0x".utf8), "a file of joblib before 0.10", "load it with joblib, and dump it again"),
    (Array("PK\u{3}\u{4}".utf8), "a zip file", "unpack it first"),
  ]
}
