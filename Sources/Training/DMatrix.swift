import Forest

/// Rows as XGBoost keeps them; freed with the value.
struct DMatrix: ~Copyable {
  let library: XGBoostLibrary
  let handle: XGBoostLibrary.Handle

  private init(library: XGBoostLibrary, handle: XGBoostLibrary.Handle) {
    self.library = library
    self.handle = handle
  }

  deinit { _ = library.freeMatrix(handle) }

  /// Copies rows into XGBoost.
  ///
  /// - Parameters:
  ///   - values: row-major, a value a feature; NaN where it is missing.
  ///   - labels: the value to predict for each row.
  ///   - features: the columns; at least one.
  ///   - threadCount: the number of threads that copy.
  static func copying(
    _ values: [Float], labels: [Float], features: [Feature], threadCount: Int,
    into library: XGBoostLibrary
  ) throws -> DMatrix {
    var handle: XGBoostLibrary.Handle?
    try library.check(
      library.createMatrix(
        values, UInt64(labels.count), UInt64(features.count), .nan, &handle, CInt(threadCount)))
    let matrix = DMatrix(library: library, handle: handle!)
    try library.setFeatures(features, of: matrix.handle, by: library.setMatrixStringInfo)
    try library.check(library.setFloatInfo(matrix.handle, "label", labels, UInt64(labels.count)))
    return matrix
  }
}

extension XGBoostLibrary {
  /// Tells a matrix or a booster the names and types of its features.
  func setFeatures(_ features: [Feature], of handle: Handle, by set: SetStringInfo) throws {
    let fields = [
      ("feature_name", features.map(\.name)),
      ("feature_type", features.map(\.type.xgboostName)),
    ]
    for (field, texts) in fields {
      try withCStrings(texts) { try check(set(handle, field, $0, UInt64(texts.count))) }
    }
  }
}

extension Feature.Kind {
  fileprivate var xgboostName: String {
    switch self {
    case .float: "float"
    case .int: "int"
    case .categorical: "c"
    }
  }
}
