import Forest

extension LightGBMModel {
  /// The features in order, with the ranges and categories that training saw.
  func features(count: Int, trees: [Tree]) throws -> [Feature] {
    for (name, found) in [
      ("feature_names", featureNames.count), ("feature_infos", featureInfos.count),
    ] where found != count && (found != 0 || name == "feature_names") {
      throw ModelFormatError(.malformed, "there are \(count) features, but \(found) elements here")
        .inside(name)
    }
    if Set(featureNames).count != featureNames.count {
      throw ModelFormatError(.malformed, "two features have the same name").inside("feature_names")
    }
    var features = featureNames.map { Feature(name: $0) }
    for (index, info) in featureInfos.enumerated() {
      switch info {
      case .constant: break
      case .range(let minimum, let maximum):
        features[index].minimum = finite(minimum)
        features[index].maximum = finite(maximum)
      case .categories: features[index].type = .categorical
      }
    }
    // Dumps of 2.x do not list categories; the trees show them.
    for tree in trees {
      for case .split(let split) in tree.nodes {
        if case .member = split.condition { features[split.feature].type = .categorical }
      }
    }
    nameCategories(of: &features)
    return features
  }

  /// Gives the categories of pandas to the categorical features.
  ///
  /// The file lists them column after column, but does not say which columns. That they are the
  /// categorical ones in order is certain only if there are as many and every code has a name;
  /// wrong names are worse than none.
  private func nameCategories(of features: inout [Feature]) {
    let positions = features.indices.filter { features[$0].type == .categorical }
    guard positions.count == pandasCategories.count else { return }
    let fits = zip(positions, pandasCategories).allSatisfy { position, names in
      guard Set(names).count == names.count else { return false }
      guard featureInfos.indices.contains(position),
        case .categories(let codes) = featureInfos[position]
      else { return true }
      // -1 stands for missing values.
      return codes.allSatisfy { -1..<names.count ~= $0 }
    }
    guard fits else { return }
    for (position, names) in zip(positions, pandasCategories) {
      features[position].categories = names
    }
  }

  private func finite(_ value: Double) -> Float? {
    let value = Float(value)
    return value.isFinite ? value : nil
  }
}
