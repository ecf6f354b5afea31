extension PickleClass {
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
    case .gradientBoostingClassifier, .gradientBoostingRegressor:
      modules("sklearn.ensemble.gradient_boosting", "sklearn.ensemble._gb")
    case .histGradientBoostingClassifier, .histGradientBoostingRegressor:
      modules("sklearn.ensemble._hist_gradient_boosting.gradient_boosting")
    case .treePredictor: modules("sklearn.ensemble._hist_gradient_boosting.predictor")
    case .binMapper: modules("sklearn.ensemble._hist_gradient_boosting.binning")
    case .isolationForest: modules("sklearn.ensemble.iforest", "sklearn.ensemble._iforest")
    case .baggingClassifier, .baggingRegressor:
      modules("sklearn.ensemble.bagging", "sklearn.ensemble._bagging")
    case .votingClassifier, .votingRegressor:
      modules(
        "sklearn.ensemble.voting_classifier", "sklearn.ensemble.voting",
        "sklearn.ensemble._voting")
    case .adaBoostClassifier, .adaBoostRegressor:
      modules("sklearn.ensemble.weight_boosting", "sklearn.ensemble._weight_boosting")
    case .dummyClassifier, .dummyRegressor: modules("sklearn.dummy")
    case .zeroEstimator, .meanEstimator, .quantileEstimator, .logOddsEstimator,
      .scaledLogOddsEstimator, .priorProbabilityEstimator:
      modules("sklearn.ensemble.gradient_boosting")
    case .gridSearchCV, .randomizedSearchCV: modules("sklearn.model_selection._search")
    case .pipeline, .featureUnion: modules("sklearn.pipeline")
    case .columnTransformer: modules("sklearn.compose._column_transformer")
    case .standardScaler, .minMaxScaler, .maxAbsScaler, .robustScaler, .normalizer:
      modules("sklearn.preprocessing.data", "sklearn.preprocessing._data")
    case .simpleImputer, .missingIndicator: modules("sklearn.impute", "sklearn.impute._base")
    case .oneHotEncoder, .ordinalEncoder: modules("sklearn.preprocessing._encoders")
    case .functionTransformer: modules("sklearn.preprocessing._function_transformer")
    case .selectKBest, .selectPercentile, .selectFpr:
      modules(
        "sklearn.feature_selection.univariate_selection",
        "sklearn.feature_selection._univariate_selection")
    case .varianceThreshold:
      modules(
        "sklearn.feature_selection.variance_threshold",
        "sklearn.feature_selection._variance_threshold")
    case .rfe, .rfecv:
      modules("sklearn.feature_selection.rfe", "sklearn.feature_selection._rfe")
    case .numpyArrayWrapper:
      modules("joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle")
    case .slice: modules("builtins")
    case .partial: modules("functools")
    case .pandasIndex: modules("pandas.core.indexes.base")
    case .ignored: Self.ignoredNames
    }
  }

  private func modules(_ modules: String...) -> [String] {
    modules.map { "\($0).\(rawValue)" }
  }

  private static let ignoredNames = pythonNames + numpyNames + lossNames + searchNames

  private static let pythonNames =
    [
      "builtins.object", "builtins.int", "builtins.float", "builtins.bool", "builtins.str",
      "builtins.FutureWarning",
      "xgboost.callback.EarlyStopping", "xgboost.callback.EvaluationMonitor",
      "pandas.core.indexes.base.Index", "sklearn.utils.validation.check_array",
    ]
    + ["f_classif", "f_oneway", "f_regression", "r_regression", "chi2"].flatMap { name in
      ["univariate_selection", "_univariate_selection"].map {
        "sklearn.feature_selection.\($0).\(name)"
      }
    }
    + ["mutual_info_classif", "mutual_info_regression"].flatMap { name in
      ["mutual_info_", "_mutual_info"].map { "sklearn.feature_selection.\($0).\(name)" }
    }

  private static let numpyNames =
    [
      "ndarray", "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8",
      "uint16", "uint32", "uint64", "str_", "bool_", "ma.core._mareconstruct",
      "ma.core.MaskedArray", "ma.MaskedArray",
      "random.mtrand.RandomState", "random.__RandomState_ctor",
      "random._pickle.__randomstate_ctor", "random._pickle.__bit_generator_ctor",
      "random._pickle.__generator_ctor", "random._mt19937.MT19937", "random._pcg64.PCG64",
      "random.bit_generator.SeedSequence", "random.bit_generator.__pyx_unpickle_SeedSequence",
    ].map { "numpy." + $0 }

  /// How searches measured and split.
  private static let searchNames =
    ["_passthrough_scorer", "_PassthroughScorer", "_PredictScorer", "_ProbaScorer", "_Scorer"]
    .flatMap { ["sklearn.metrics.scorer.\($0)", "sklearn.metrics._scorer.\($0)"] }
    + ["accuracy_score", "roc_auc_score", "f1_score", "log_loss"].flatMap { name in
      ["classification", "_classification", "ranking", "_ranking"].map {
        "sklearn.metrics.\($0).\(name)"
      }
    }
    + ["mean_squared_error", "mean_absolute_error", "r2_score", "root_mean_squared_error"].flatMap {
      ["sklearn.metrics.regression.\($0)", "sklearn.metrics._regression.\($0)"]
    }
    + ["KFold", "StratifiedKFold", "GroupKFold", "TimeSeriesSplit", "ShuffleSplit"].map {
      "sklearn.model_selection._split.\($0)"
    }
    + ["MetadataRequest", "MethodMetadataRequest"].map {
      "sklearn.utils._metadata_requests.\($0)"
    }

  /// The losses of scikit-learn's boosting. Predictions do not ask them: the estimator names its
  /// loss.
  private static let lossNames =
    [
      "LeastSquaresError", "LeastAbsoluteError", "HuberLossFunction", "QuantileLossFunction",
      "BinomialDeviance", "MultinomialDeviance", "ExponentialLoss",
    ].flatMap { ["sklearn.ensemble.gradient_boosting.\($0)", "sklearn.ensemble._gb_losses.\($0)"] }
    + [
      "LeastSquares", "LeastAbsoluteDeviation", "Poisson", "BinaryCrossEntropy",
      "CategoricalCrossEntropy",
    ].map { "sklearn.ensemble._hist_gradient_boosting.loss.\($0)" }
    + ["IdentityLink", "LogLink", "LogitLink", "HalfLogitLink", "MultinomialLogit", "Interval"].map
  {
    "sklearn._loss.link.\($0)"
  }
    + [
      "HalfSquaredError", "AbsoluteError", "PinballLoss", "HuberLoss", "HalfPoissonLoss",
      "HalfGammaLoss", "HalfTweedieLoss", "HalfTweedieLossIdentity", "HalfBinomialLoss",
      "HalfMultinomialLoss", "ExponentialLoss",
    ].flatMap {
      [
        "sklearn._loss.loss.\($0)", "sklearn._loss._loss.Cy\($0)",
        "sklearn._loss._loss.__pyx_unpickle_Cy\($0)",
      ]
    }
}
