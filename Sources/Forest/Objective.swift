/// What a model was trained to predict, and how its margins become predictions.
public struct Objective: Sendable, Equatable {
  /// The training library's own name, such as `multi:softprob`.
  public let name: String
  /// What kind of answer a caller expects.
  public let task: ModelTask
  /// How a margin becomes the library's transformed prediction.
  public let link: Link
  /// The prediction above which a row is of class 1 of two, where it is not the usual one.
  public let threshold: Float?

  /// Describes an objective.
  public init(name: String, task: ModelTask, link: Link, threshold: Float? = nil) {
    self.threshold = threshold
    self.name = name
    self.task = task
    self.link = link
  }
}

/// The kind of answer that a model gives.
public enum ModelTask: String, Sendable, Codable {
  /// One of two classes; the forest has one margin, that of class 1.
  case binary = "binary-classification"
  /// One of three or more classes; the forest has one margin a class.
  case multiclass = "multiclass-classification"
  /// A number (or one a target).
  case regression
  /// A score that orders rows.
  case ranking

  /// Whether the answer is a class.
  public var isClassification: Bool { self == .binary || self == .multiclass }
}
