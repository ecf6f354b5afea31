/// A result that a model can give for a row.
public enum Output: String, Sendable, CaseIterable {
  /// The class number for a classifier, otherwise the library's transformed prediction.
  case predict
  /// A probability a class; for classifiers whose objective gives probabilities.
  case probabilities = "predict_proba"
  /// The sum of the leaves and the base margin, before any transformation: one value, or one a class.
  case margin
}
