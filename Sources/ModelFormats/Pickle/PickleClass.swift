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
  case gradientBoostingClassifier = "GradientBoostingClassifier"
  case gradientBoostingRegressor = "GradientBoostingRegressor"
  case histGradientBoostingClassifier = "HistGradientBoostingClassifier"
  case histGradientBoostingRegressor = "HistGradientBoostingRegressor"
  case treePredictor = "TreePredictor"
  case binMapper = "_BinMapper"
  case isolationForest = "IsolationForest"
  case baggingClassifier = "BaggingClassifier"
  case baggingRegressor = "BaggingRegressor"
  case votingClassifier = "VotingClassifier"
  case votingRegressor = "VotingRegressor"
  case adaBoostClassifier = "AdaBoostClassifier"
  case adaBoostRegressor = "AdaBoostRegressor"

  // Where boosting starts.
  case dummyClassifier = "DummyClassifier"
  case dummyRegressor = "DummyRegressor"
  case zeroEstimator = "ZeroEstimator"
  case meanEstimator = "MeanEstimator"
  case quantileEstimator = "QuantileEstimator"
  case logOddsEstimator = "LogOddsEstimator"
  case scaledLogOddsEstimator = "ScaledLogOddsEstimator"
  case priorProbabilityEstimator = "PriorProbabilityEstimator"

  // Searches, which hold the best model that they found.
  case gridSearchCV = "GridSearchCV"
  case randomizedSearchCV = "RandomizedSearchCV"

  case pipeline = "Pipeline"
  case featureUnion = "FeatureUnion"
  case columnTransformer = "ColumnTransformer"
  case standardScaler = "StandardScaler"
  case minMaxScaler = "MinMaxScaler"
  case maxAbsScaler = "MaxAbsScaler"
  case robustScaler = "RobustScaler"
  case normalizer = "Normalizer"
  case simpleImputer = "SimpleImputer"
  case missingIndicator = "MissingIndicator"
  case oneHotEncoder = "OneHotEncoder"
  case ordinalEncoder = "OrdinalEncoder"
  case functionTransformer = "FunctionTransformer"
  case selectKBest = "SelectKBest"
  case selectPercentile = "SelectPercentile"
  case selectFpr = "SelectFpr"
  case varianceThreshold = "VarianceThreshold"
  case rfe = "RFE"
  case rfecv = "RFECV"

  /// The place of an array in a file of joblib; the array's bytes follow its state.
  case numpyArrayWrapper = "NumpyArrayWrapper"
  case slice
  case partial
  case pandasIndex = "_new_Index"
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
      .extraTreesRegressor, .gradientBoostingClassifier, .gradientBoostingRegressor,
      .histGradientBoostingClassifier, .histGradientBoostingRegressor, .isolationForest,
      .baggingClassifier, .baggingRegressor, .votingClassifier, .votingRegressor,
      .adaBoostClassifier, .adaBoostRegressor, .pipeline, .gridSearchCV, .randomizedSearchCV:
      .scikitLearn
    default: nil
    }
  }

  /// Whether it prepares columns for a model.
  var isTransformer: Bool {
    switch self {
    case .featureUnion, .columnTransformer, .standardScaler, .minMaxScaler, .maxAbsScaler,
      .robustScaler, .normalizer, .simpleImputer, .oneHotEncoder, .ordinalEncoder,
      .functionTransformer, .selectKBest, .selectPercentile, .selectFpr, .varianceThreshold, .rfe,
      .rfecv:
      true
    default: false
    }
  }

  /// Whether its `predict` answers a class.
  var isClassifier: Bool { rawValue.hasSuffix("Classifier") }

  /// Whether it is one tree.
  var isTree: Bool {
    switch self {
    case .decisionTreeClassifier, .extraTreeClassifier, .decisionTreeRegressor,
      .extraTreeRegressor:
      true
    default: false
    }
  }
}
