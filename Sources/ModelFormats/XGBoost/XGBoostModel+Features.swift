import Forest

extension XGBoostModel {
  /// The features in order; named `f0`, `f1`, … as XGBoost does where the model names none.
  func features(count: Int, trees: [Tree]) throws -> [Feature] {
    for (name, found) in [
      ("feature_names", featureNames.count), ("feature_types", featureTypes.count),
      ("gradient_booster.model.cats.enc", categories.count),
    ] where found != 0 && found != count {
      throw ModelFormatError(
        .malformed, "there are \(count) features, but \(found) elements here"
      ).inside("learner.\(name)")
    }
    if Set(featureNames).count != featureNames.count {
      throw ModelFormatError(.malformed, "two features have the same name")
        .inside("learner.feature_names")
    }
    var features = try (0..<count).map { index in
      Feature(
        name: featureNames.isEmpty ? "f\(index)" : featureNames[index],
        type: featureTypes.isEmpty ? .float : try kind(featureTypes[index]),
        categories: categories.isEmpty ? nil : categories[index])
    }
    // Categories also show in the trees, where the model does not list types.
    for tree in trees {
      for case .split(let split) in tree.nodes {
        if case .member = split.condition { features[split.feature].type = .categorical }
      }
    }
    for index in features.indices where features[index].categories != nil {
      features[index].type = .categorical
    }
    return features
  }

  private func kind(_ type: String) throws -> Feature.Kind {
    switch type {
    case "float", "q": .float
    case "int", "i": .int
    case "c", "categorical": .categorical
    default:
      throw ModelFormatError(.malformed, "no feature has the type \(type.quoted)")
        .inside("learner.feature_types")
    }
  }
}
