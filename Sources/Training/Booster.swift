import Forest

/// A model as XGBoost keeps it; freed with the value.
struct Booster: ~Copyable {
  let library: XGBoostLibrary
  private let handle: XGBoostLibrary.Handle

  private init(library: XGBoostLibrary, handle: XGBoostLibrary.Handle) {
    self.library = library
    self.handle = handle
  }

  deinit { _ = library.freeBooster(handle) }

  /// A model without trees that is to be trained on these rows.
  static func untrained(on training: borrowing DMatrix) throws -> Booster {
    let library = training.library
    var handle: XGBoostLibrary.Handle?
    try library.check(library.createBooster([training.handle], 1, &handle))
    return Booster(library: library, handle: handle!)
  }

  /// Reads a saved model.
  static func reading(_ model: [UInt8], with library: XGBoostLibrary) throws -> Booster {
    var handle: XGBoostLibrary.Handle?
    try library.check(library.createBooster(nil, 0, &handle))
    let booster = Booster(library: library, handle: handle!)
    try library.check(library.loadModel(booster.handle, model, UInt64(model.count)))
    return booster
  }

  func set(_ name: String, _ value: String) throws {
    try library.check(library.setParameter(handle, name, value))
  }

  /// Makes XGBoost check its parameters now rather than in the first round.
  func configure() throws {
    var length: UInt64 = 0
    var text: UnsafePointer<CChar>?
    try library.check(library.saveConfiguration(handle, &length, &text))
  }

  /// Trains one round.
  func update(round: Int, training: borrowing DMatrix) throws {
    try library.check(library.updateOneIteration(handle, CInt(round), training.handle))
  }

  /// Evaluates the metrics: `[ROUND]\tNAME-METRIC:VALUE…`.
  func evaluate(round: Int, on parts: [(name: String, handle: XGBoostLibrary.Handle)]) throws
    -> String
  {
    var handles = parts.map { Optional($0.handle) }
    return try withCStrings(parts.map(\.name)) { names in
      var text: UnsafePointer<CChar>?
      try library.check(
        library.evaluateOneIteration(
          handle, CInt(round), &handles, names, UInt64(parts.count), &text))
      return text.map { String(cString: $0) } ?? ""
    }
  }

  /// The model after its first rounds.
  func prefix(rounds: Int) throws -> Booster {
    var slice: XGBoostLibrary.Handle?
    let status = library.sliceBooster(handle, 0, CInt(rounds), 1, &slice)
    guard status == 0, let slice else {
      try library.check(status == -2 ? 0 : status)
      throw XGBoostError(.libraryFailure, "XGBoost cannot cut the model to \(rounds) rounds")
    }
    return Booster(library: library, handle: slice)
  }

  /// The model as XGBoost's JSON, which names these features.
  func json(features: [Feature]) throws -> [UInt8] {
    try library.setFeatures(features, of: handle, by: library.setBoosterStringInfo)
    var length: UInt64 = 0
    var text: UnsafePointer<CChar>?
    try library.check(library.saveModel(handle, #"{"format":"json"}"#, &length, &text))
    // Safe: the buffer is the library's and valid until its next call.
    return [UInt8](UnsafeRawBufferPointer(start: text, count: Int(length)))
  }

  /// The transformed predictions, row-major: one value a row, or one a class.
  func predict(_ rows: borrowing DMatrix) throws -> [Float] {
    let options =
      #"{"type":0,"training":false,"iteration_begin":0,"iteration_end":0,"#
      + #""strict_shape":true}"#
    var shape: UnsafePointer<UInt64>?
    var dimensions: UInt64 = 0
    var values: UnsafePointer<Float>?
    try library.check(
      library.predict(handle, rows.handle, options, &shape, &dimensions, &values))
    // Safe: the buffers are the library's and valid until its next call.
    let count = UnsafeBufferPointer(start: shape, count: Int(dimensions)).reduce(1, *)
    return [Float](UnsafeBufferPointer(start: values, count: Int(count)))
  }
}
