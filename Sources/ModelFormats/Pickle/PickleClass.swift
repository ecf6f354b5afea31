/// The classes whose instances a pickle may make. An instance is nothing but its state.
///
/// Raw values are Python's names without their modules.
enum PickleClass: String, CaseIterable {
  case labelEncoder = "LabelEncoder"
  case booster = "Booster"
  case xgbModel = "XGBModel"
  case xgbClassifier = "XGBClassifier"
  case xgbRegressor = "XGBRegressor"
  case xgbRanker = "XGBRanker"
  case xgbRFClassifier = "XGBRFClassifier"
  case xgbRFRegressor = "XGBRFRegressor"
  case lgbmBooster = "lightgbm.basic.Booster"
  case lgbmModel = "LGBMModel"
  case lgbmClassifier = "LGBMClassifier"
  case lgbmRegressor = "LGBMRegressor"
  case lgbmRanker = "LGBMRanker"

  /// The tree within the estimators that are trees.
  case tree = "Tree"
  case decisionTreeClassifier = "DecisionTreeClassifier"
  case decisionTreeRegressor = "DecisionTreeRegressor"
  case extraTreeClassifier = "ExtraTreeClassifier"
  case extraTreeRegressor = "ExtraTreeRegressor"
  case randomForestClassifier = "RandomForestClassifier"
  case randomForestRegressor = "RandomForestRegressor"
  case extraTreesClassifier = "ExtraTreesClassifier"
  case extraTreesRegressor = "ExtraTreesRegressor"

  /// What does not matter to predictions.
  case ignored
}

extension PickleClass {
  /// The libraries of the models.
  enum Library {
    case xgboost, lightgbm, scikitLearn
  }

  /// The library of a model; nil for what is no model itself.
  var library: Library? {
    switch self {
    case .booster, .xgbModel, .xgbClassifier, .xgbRegressor, .xgbRanker, .xgbRFClassifier,
      .xgbRFRegressor:
      .xgboost
    case .lgbmBooster, .lgbmModel, .lgbmClassifier, .lgbmRegressor, .lgbmRanker: .lightgbm
    case .decisionTreeClassifier, .decisionTreeRegressor, .extraTreeClassifier,
      .extraTreeRegressor, .randomForestClassifier, .randomForestRegressor, .extraTreesClassifier,
      .extraTreesRegressor:
      .scikitLearn
    case .labelEncoder, .tree, .ignored: nil
    }
  }

  /// Whether its `predict` answers a class.
  var isClassifier: Bool { rawValue.hasSuffix("Classifier") }

  /// Python's names for it, through all versions of its library.
  var names: [String] {
    switch self {
    case .labelEncoder:
      modules("sklearn.preprocessing.label", "sklearn.preprocessing._label")
        + ["xgboost.compat.XGBoostLabelEncoder"]
    case .booster: modules("xgboost.core")
    case .xgbModel, .xgbClassifier, .xgbRegressor, .xgbRanker, .xgbRFClassifier, .xgbRFRegressor:
      modules("xgboost.sklearn")
    case .lgbmBooster: [rawValue]
    case .lgbmModel, .lgbmClassifier, .lgbmRegressor, .lgbmRanker: modules("lightgbm.sklearn")
    case .tree: modules("sklearn.tree._tree")
    case .decisionTreeClassifier, .decisionTreeRegressor, .extraTreeClassifier,
      .extraTreeRegressor:
      modules("sklearn.tree.tree", "sklearn.tree._classes")
    case .randomForestClassifier, .randomForestRegressor, .extraTreesClassifier,
      .extraTreesRegressor:
      modules("sklearn.ensemble.forest", "sklearn.ensemble._forest")
    case .ignored: Self.ignoredNames
    }
  }

  private func modules(_ modules: String...) -> [String] {
    modules.map { "\($0).\(rawValue)" }
  }

  private static let ignoredNames =
    [
      "builtins.object", "builtins.int", "builtins.float", "builtins.bool", "builtins.str",
      "xgboost.callback.EarlyStopping", "xgboost.callback.EvaluationMonitor",
    ]
    + [
      "ndarray", "float32", "float64", "int32", "int64", "uint8", "uint32",
      "random.mtrand.RandomState", "random.__RandomState_ctor",
      "random._pickle.__randomstate_ctor", "random._pickle.__bit_generator_ctor",
      "random._pickle.__generator_ctor", "random._mt19937.MT19937", "random._pcg64.PCG64",
      "random.bit_generator.SeedSequence", "random.bit_generator.__pyx_unpickle_SeedSequence",
    ].map { "numpy." + $0 }
}
