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
    try matrix.set("feature_name", features.map(\.name))
    try matrix.set("feature_type", features.map(\.type.xgboostName))
    try library.check(library.setFloatInfo(matrix.handle, "label", labels, UInt64(labels.count)))
    return matrix
  }

  private func set(_ field: String, _ texts: [String]) throws {
    try withCStrings(texts) { pointers in
      try library.check(library.setStringInfo(handle, field, pointers, UInt64(texts.count)))
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
