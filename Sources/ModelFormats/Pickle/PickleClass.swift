/// The classes whose instances a pickle may make. An instance is nothing but its state.
enum PickleClass: CaseIterable {
  /// Classes that models mention, and that do not matter to their predictions.
  case ignored
  case labelEncoder

  case booster
  case xgbModel
  case xgbClassifier
  case xgbRegressor
  case xgbRanker
  case xgbRFClassifier
  case xgbRFRegressor

  /// Python's names for it, through all versions of its library.
  var names: [String] {
    switch self {
    case .ignored: Self.ignoredNames
    case .labelEncoder:
      [
        "sklearn.preprocessing.label.LabelEncoder",
        "sklearn.preprocessing._label.LabelEncoder",
        "xgboost.compat.XGBoostLabelEncoder",
      ]
    case .booster: ["xgboost.core.Booster"]
    case .xgbModel: ["xgboost.sklearn.XGBModel"]
    case .xgbClassifier: ["xgboost.sklearn.XGBClassifier"]
    case .xgbRegressor: ["xgboost.sklearn.XGBRegressor"]
    case .xgbRanker: ["xgboost.sklearn.XGBRanker"]
    case .xgbRFClassifier: ["xgboost.sklearn.XGBRFClassifier"]
    case .xgbRFRegressor: ["xgboost.sklearn.XGBRFRegressor"]
    }
  }

  private static let ignoredNames = [
    "builtins.object", "builtins.int", "builtins.float", "builtins.bool", "builtins.str",
    "numpy.ndarray", "numpy.float32", "numpy.float64", "numpy.int32", "numpy.int64", "numpy.uint8",
    "numpy.uint32", "numpy.random.mtrand.RandomState",
    "numpy.random.__RandomState_ctor", "numpy.random._pickle.__randomstate_ctor",
    "numpy.random._pickle.__bit_generator_ctor", "numpy.random._pickle.__generator_ctor",
    "numpy.random._mt19937.MT19937", "numpy.random._pcg64.PCG64",
    "xgboost.callback.EarlyStopping", "xgboost.callback.EvaluationMonitor",
  ]
}
