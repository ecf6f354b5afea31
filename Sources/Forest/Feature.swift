/// One column of a model's input: its name, its type and what training saw of it.
public struct Feature: Sendable, Equatable, Codable {
  /// What the values of a feature mean.
  public enum Kind: String, Sendable, Codable {
    /// Any float32 value.
    case float
    /// Whole numbers, compared as numbers.
    case int
    /// Codes 0, 1, 2, … into ``Feature/categories``.
    case categorical
  }

  /// The feature's name, unique within a model.
  public var name: String
  /// What its values mean.
  public var type: Kind
  /// The text of each category, by code; nil for numbers and for categories known by code only.
  public var categories: [String]?
  /// The smallest value in the training data, if known.
  public var minimum: Float?
  /// The largest value in the training data, if known.
  public var maximum: Float?

  /// Describes a feature.
  public init(
    name: String, type: Kind = .float, categories: [String]? = nil,
    minimum: Float? = nil, maximum: Float? = nil
  ) {
    self.name = name
    self.type = type
    self.categories = categories
    self.minimum = minimum
    self.maximum = maximum
  }
}
