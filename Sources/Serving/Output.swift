/// A result that a model can give for a row.
///
/// What nobody asks for is not computed.
public enum Output: String, Sendable, CaseIterable {
  /// What the object in the model's file answers to its own `predict`: a booster its transformed
  /// prediction, a classifier the class (as its label, where that is a number).
  case predict
  /// A probability a class; for classifiers whose objective gives probabilities.
  case probabilities = "predict_proba"
  /// The number of the most probable class; for classifiers.
  case classNumber = "class"
  /// The same as a text, where the classes have names; the values are the numbers of the classes.
  case label
  /// The sum of the leaves and the base margin, before any transformation: one value, or one a class.
  case margin
  /// How much each feature moved each margin, and the expected margin last (exact TreeSHAP).
  case contributions = "shap_values"
  /// The leaf that each tree leads to, in the numbers of the model's own library.
  case leaves = "leaf_index"
}

extension Output {
  /// Whether it takes far more work than margins do.
  var isCostly: Bool { self == .contributions || self == .leaves }
}
