import Forest
import JSON

/// What a CatBoost model tells of itself: the objective, the classes, the version.
struct CatBoostInfo {
  var loss: String?
  var version: String?
  /// The classes as they are printed, in the order of the labels.
  private var classNames: [String] = []
  private var classNumbers: [Float]?
  private var threshold: String?

  /// Takes an entry of the binary file's map.
  mutating func read(key: String, value: String) throws {
    switch key {
    case "params", "class_params", "multiclass_params":
      var value = value
      try value.withUTF8 { bytes in
        try JSONScanner.read(bytes, allowsNonFinite: true) { try readEntry(key, &$0) }
      }
    case "catboost_version_info": readVersion(value)
    case "binclass_probability_threshold": threshold = value
    default: break
    }
  }

  /// Reads the `model_info` of the JSON.
  mutating func read(_ json: inout JSONScanner) throws {
    try json.fields { key, json in
      switch key {
      case "params", "class_params", "multiclass_params": try readEntry(key, &json)
      case "catboost_version_info": readVersion(try json.string())
      case "binclass_probability_threshold": threshold = try json.string()
      default: try json.skip()
      }
    }
  }

  private mutating func readEntry(_ entry: String, _ json: inout JSONScanner) throws {
    guard try json.kind() == .object else { return try json.skip() }
    try json.fields { key, json in
      switch (entry, key) {
      case ("params", "loss_function"):
        guard try json.kind() == .object else { return try json.skip() }
        try json.fields { key, json in
          if key == "type" { loss = try json.string() } else { try json.skip() }
        }
      case ("params", "data_processing_options"):
        guard try json.kind() == .object else { return try json.skip() }
        try json.fields { key, json in
          if key == "class_names", classNames.isEmpty {
            try readNames(&json)
          } else {
            try json.skip()
          }
        }
      case (_, "class_names"): try readNames(&json)
      // Older versions leave numbers out of the names; the labels are the same.
      case (_, "class_to_label") where classNames.isEmpty: try readNames(&json)
      default: try json.skip()
      }
    }
  }

  private mutating func readNames(_ json: inout JSONScanner) throws {
    guard try json.kind() == .array else { return try json.skip() }
    var names: [String] = []
    var numbers: [Float] = []
    try json.elements { _, json in
      switch try json.kind() {
      case .number:
        let number = try json.number()
        names.append(Int(exactly: number).map(String.init) ?? "\(number)")
        numbers.append(Float(number))
      case .bool: names.append(try json.bool() ? "True" : "False")
      default: names.append(try json.string())
      }
    }
    guard !names.isEmpty else { return }
    classNames = names
    classNumbers = numbers.count == names.count ? numbers : nil
  }

  /// The release in the text that the build left, such as `CatBoost release 1.2.10. …`.
  private mutating func readVersion(_ text: String) {
    for start in ["Branch: tags/v", "CatBoost release ", "tags/v"] {
      guard let range = text.firstRange(of: start) else { continue }
      let version = text[range.upperBound...].prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      let numbers = version.split(separator: ".")
      if numbers.count >= 2 {
        self.version = numbers.joined(separator: ".")
        return
      }
    }
  }

  /// What the margins mean.
  ///
  /// What `predict` of CatBoost's class for that loss answers: see docs/formats/catboost.md.
  func objective(width: Int) throws -> Objective {
    func objective(_ task: ModelTask, _ link: Link, outputs: ClosedRange<Int> = 1...1) throws
      -> Objective
    {
      guard outputs ~= width else {
        throw ModelFormatError(.malformed, "\(loss ?? "the loss") does not have \(width) outputs")
          .inside("loss_function")
      }
      return Objective(name: loss ?? "unknown", task: task, link: link)
    }
    if let threshold, Double(threshold) != 0.5 {
      throw ModelFormatError(
        .unsupported, "classes begin at the probability \(threshold.quoted), not at 0.5",
        remedy: "call set_probability_threshold(None) and save the model again")
    }
    let any = 1...CatBoostModel.maximumWidth
    switch loss {
    case "Logloss", "CrossEntropy", "Focal":
      return try objective(.binary, .float64(.logistic(scale: 1)))
    case "MultiClass":
      return try objective(.multiclass, .float64(.softmax), outputs: 2...any.upperBound)
    case "MultiClassOneVsAll":
      return try objective(
        .multiclass, .float64(.logistic(scale: 1)), outputs: 2...any.upperBound)
    case "Poisson", "Tweedie": return try objective(.regression, .float64(.exponential))
    case "RMSE", "MAE", "Quantile", "LogLinQuantile", "MAPE", "Lq", "Huber", "Expectile", "LogCosh",
      "Cox", "GroupQuantile", "UserPerObjMetric", "PythonUserDefinedPerObject":
      return try objective(.regression, .identity)
    case "MultiRMSE", "MultiRMSEWithMissingValues", "MultiQuantile", "PythonUserDefinedMultiTarget",
      nil:
      return try objective(.regression, .identity, outputs: any)
    case "YetiRank", "YetiRankPairwise", "PairLogit", "PairLogitPairwise", "QueryRMSE",
      "QuerySoftMax", "QueryCrossEntropy", "StochasticFilter", "StochasticRank", "LambdaMart",
      "UserQuerywiseMetric":
      return try objective(.ranking, .identity)
    case .some(let loss):
      throw ModelFormatError(.unsupported, "the loss function \(loss.quoted) is not read")
        .inside("loss_function")
    }
  }

  /// The names of the classes; nil where they are 0, 1, 2, … or not told.
  func labels(count: Int, for objective: Objective) throws -> ClassLabels? {
    guard objective.task.isClassification, !classNames.isEmpty else { return nil }
    guard classNames.count == count else {
      throw ModelFormatError(.malformed, "\(classNames.count) names for \(count) classes")
        .inside("class_names")
    }
    return ClassLabels(names: classNames, numbers: classNumbers)
  }
}
