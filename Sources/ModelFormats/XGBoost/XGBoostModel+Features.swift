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
        categories: categories.isEmpty ? nil : categories[index].flatMap { trusts($0) ? $0 : nil })
    }
    for index in features.indices where !categories.isEmpty && categories[index] != nil {
      features[index].type = .categorical
    }
    // Categories also show in the trees, where the model does not list types.
    for tree in trees where hasCategorySplits {
      for case .split(let split) in tree.nodes {
        if case .member = split.condition { features[split.feature].type = .categorical }
      }
    }
    return features
  }

  /// Whether the names of categories can be right.
  ///
  /// Before 3.4 XGBoost counted characters where it meant bytes, so that one letter that is not
  /// ASCII shifts all names after it. Wrong names are worse than none: the codes still work.
  private func trusts(_ names: [String]) -> Bool {
    Set(names).count == names.count
      && (!version.lexicographicallyPrecedes([3, 4])
        || names.allSatisfy { $0.utf8.allSatisfy { $0 < 0x80 } })
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
