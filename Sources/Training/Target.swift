public import Forest

/// What a model is to predict: the objective, the label's meaning and its values.
public struct Target: Sendable, Equatable {
  /// The most classes that whole-number labels may have when nothing says that they are classes.
  public static let maximumInferredClasses = 20
  /// The most classes that a label may have.
  public static let maximumClasses = 1_000

  /// XGBoost's name of the objective.
  public let objective: String
  /// The kind of answer.
  public let task: ModelTask
  /// The name of each class, by class number; nil where the answer is no class.
  public let labels: [String]?
  /// The value that XGBoost is given for each row: a class number, or the label itself.
  public let values: [Float]

  /// Reads the label of a table.
  ///
  /// - Parameters:
  ///   - table: the rows.
  ///   - objective: XGBoost's name of the objective; nil to choose it from the label: texts, and
  ///     up to ``maximumInferredClasses`` different whole numbers, are classes (two of them
  ///     `binary:logistic`, more `multi:softprob`); other numbers are `reg:squarederror`.
  /// - Throws: ``TableError`` when the label does not suit the objective.
  public init(_ table: Table, objective: String? = nil) throws(TableError) {
    let values = (0..<table.rowCount).map { table.label(ofRow: $0) }
    let asksForClasses = objective.map { $0.hasPrefix("binary:") || $0.hasPrefix("multi:") }
    if asksForClasses ?? Self.looksLikeClasses(table.label, values) {
      let (names, codes) = try Self.classes(table, values)
      self.objective = objective ?? (names.count == 2 ? "binary:logistic" : "multi:softprob")
      task = self.objective.hasPrefix("binary:") ? .binary : .multiclass
      guard task == .multiclass || names.count == 2 else {
        throw TableError(
          "the label \"\(table.label.name)\" has \(names.count) classes, but \(self.objective) "
            + "takes two; use multi:softprob", source: table.source)
      }
      labels = names
      self.values = codes
    } else {
      self.objective = objective ?? "reg:squarederror"
      task = self.objective.hasPrefix("rank:") ? .ranking : .regression
      labels = nil
      self.values = values
      guard table.label.firstText == nil else {
        throw TableError(
          "the label \"\(table.label.name)\" is a text, but the objective \(self.objective) needs "
            + "numbers; texts suit binary:logistic and multi:softprob",
          source: table.source, at: table.label.firstText)
      }
    }
  }

  /// The classes of the rows; one and the same where there are none.
  public var classes: [Int] {
    labels == nil ? Array(repeating: 0, count: values.count) : values.map { Int($0) }
  }

  private static func looksLikeClasses(_ label: Table.Column, _ values: [Float]) -> Bool {
    if label.categories != nil { return true }
    guard label.isWhole else { return false }
    var distinct: Set<Float> = []
    return values.allSatisfy { value in
      distinct.insert(value)
      return distinct.count <= maximumInferredClasses
    }
  }

  private static func classes(_ table: Table, _ values: [Float]) throws(TableError) -> (
    names: [String], codes: [Float]
  ) {
    var names: [String]
    var codes = values
    if let categories = table.label.categories {
      names = categories
    } else {
      guard table.label.isWhole else {
        throw TableError(
          "the label \"\(table.label.name)\" holds fractions; classes are texts or whole numbers",
          source: table.source)
      }
      let numbers = Set(values).sorted()
      let codeOf = Dictionary(uniqueKeysWithValues: zip(numbers, (0...).lazy.map { Float($0) }))
      names = numbers.map { Int64(exactly: $0).map { String($0) } ?? "\($0)" }
      codes = values.map { codeOf[$0, default: 0] }
    }
    guard (2...maximumClasses).contains(names.count) else {
      throw TableError(
        "the label \"\(table.label.name)\" has \(names.count) "
          + (names.count == 1 ? "class" : "classes") + "; 2 to \(maximumClasses) can be told apart",
        source: table.source)
    }
    return (names, codes)
  }
}
