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
  /// The hash of each category's text, by code, where the model knows its categories by that:
  /// CatBoost. Such a model takes any text; one that it does not know has the code after the last.
  public var categoryHashes: [UInt32]?
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

extension Feature {
  /// The code of a category; nil if the model does not take its text.
  ///
  /// Categories that are known by code only have their codes for texts.
  public func code(ofCategory text: String) -> Int? {
    guard let categoryHashes else {
      if type == .categorical, categories == nil {
        return Int(text).flatMap { 0..<CategorySet.limit ~= $0 ? $0 : nil }
      }
      return categories?.firstIndex(of: text)
    }
    return categoryHashes.firstIndex(of: Self.hash(ofCategory: text)) ?? categoryHashes.count
  }

  /// The number by which CatBoost knows a category: the lower half of the CityHash64 of its UTF-8.
  public static func hash(ofCategory text: String) -> UInt32 {
    UInt32(truncatingIfNeeded: CityHash.hash(Array(text.utf8)))
  }
}
