/// A result that a model can give for a row.
public enum Output: String, Sendable, CaseIterable {
  /// What the object in the model's file answers to its own `predict`: a booster its transformed
  /// prediction, a classifier the class (as its label, where that is a number).
  case predict
  /// The number of the class, from 0; for classification tasks, whatever ``predict`` is.
  case classNumber = "class"
  /// A probability a class; for classifiers whose objective gives probabilities.
  case probabilities = "predict_proba"
  /// The sum of the leaves and the base margin, before any transformation: one value, or one a class.
  case margin
}
