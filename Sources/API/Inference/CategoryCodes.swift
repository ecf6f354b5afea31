import Forest

/// The codes of the categories of a feature that takes texts.
struct CategoryCodes {
  private let feature: Feature
  /// By text, where the model knows the texts; many rows would search a list for long.
  private let codes: [String: Float]?

  /// Nil where a feature takes numbers only.
  init?(_ feature: Feature) {
    guard feature.takesTexts else { return nil }
    self.feature = feature
    codes = feature.categories.map { categories in
      Dictionary(
        categories.enumerated().map { ($1, Float($0)) }, uniquingKeysWith: { first, _ in first })
    }
  }

  /// The code of a category; nil for one that the model does not know.
  subscript(text: String) -> Float? {
    if let codes, feature.categoryHashes == nil { return codes[text] }
    return feature.code(ofCategory: text).map { Float($0) }
  }
}

extension Feature {
  /// Whether its values may be texts: names of categories, or their codes.
  var takesTexts: Bool { type == .categorical || categories != nil || categoryHashes != nil }
}
