/// How the leaves of a row become its margins.
///
/// Each tree adds in turn, in the order of the forest; that order and the width of the sum decide
/// the last bits.
public enum Summation: Sendable, Equatable {
  /// In float32, starting from the base margin: XGBoost.
  case float32
  /// In float64, starting from the base margin, rounded to float32 at the end: LightGBM and
  /// scikit-learn's boosting.
  case float64
  /// In float64 from 0, divided by the number of trees that add to the margin, plus the base margin,
  /// rounded to float32 at the end: random forests.
  case mean
}
