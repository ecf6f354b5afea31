import Forest

/// The columns of a row, and what a question asks of them.
///
/// CatBoost knows categories by the hash of their text only. Where all that the trees ask for are
/// hashes of small whole numbers, such as "3", a row holds those numbers; otherwise it holds the
/// positions of the hashes in the feature's list, and the feature finds the position of a text.
struct CatBoostColumns {
  private(set) var features: [Feature]
  /// The set of each hash alone, by column.
  private var sets: [Int: [UInt32: CategorySet]] = [:]

  init(_ model: CatBoostModel) throws {
    var named: [(column: Int, feature: Feature)] = []
    for feature in model.floatFeatures {
      named.append((feature.column, Feature(name: feature.name ?? "")))
    }
    let numbers =
      model.categoricalFeatures.contains { !$0.hashes.isEmpty } ? Self.wholeNumbers : [:]
    var cache = CategorySetCache()
    for category in model.categoricalFeatures {
      var feature = Feature(name: category.name ?? "", type: .categorical)
      var seen: Set<UInt32> = []
      let hashes = category.hashes.filter { seen.insert($0).inserted }
      if hashes.allSatisfy({ numbers[$0] != nil }) {
        sets[category.column] = try Dictionary(
          uniqueKeysWithValues: hashes.map { ($0, try cache.set([numbers[$0] ?? 0])) })
      } else {
        feature.categoryHashes = hashes
        let texts = hashes.compactMap { model.texts[$0] }
        if texts.count == hashes.count { feature.categories = texts }
        sets[category.column] = try Dictionary(
          uniqueKeysWithValues: hashes.enumerated().map { ($1, try cache.set([$0])) })
      }
      named.append((category.column, feature))
    }
    for other in model.otherColumns {
      named.append((other.column, Feature(name: other.name ?? "")))
    }
    guard named.allSatisfy({ 0..<ModelFormat.maximumFeatureCount ~= $0.column }) else {
      throw ModelFormatError(
        .malformed, "a feature's column is no number below \(ModelFormat.maximumFeatureCount)"
      ).inside("features")
    }
    let count = (named.map(\.column).max() ?? -1) + 1
    features = (0..<count).map { Feature(name: "f\($0)") }
    var taken = Set<String>()
    for (column, var feature) in named {
      // Without names every one is its number or nothing.
      if feature.name.isEmpty || feature.name == "\(column)" { feature.name = "f\(column)" }
      guard taken.insert(feature.name).inserted else {
        throw ModelFormatError(.malformed, "two features have the name \(feature.name.quoted)")
          .inside("features")
      }
      features[column] = feature
    }
  }

  /// The split that asks a question.
  func split(_ question: CatBoostQuestion, no: Int, yes: Int) throws -> Split {
    switch question {
    case .above(let feature, let border, let whenMissing):
      guard !border.isNaN else { throw ModelFormatError(.malformed, "a border is not a number") }
      return Split(
        feature: feature, condition: .atMost(Double(border)), yes: no, no: yes,
        missing: whenMissing ? yes : no)
    case .equals(let feature, let hash):
      guard let set = sets[feature]?[hash] else {
        throw ModelFormatError(.malformed, "a tree asks for a category that is not in the list")
      }
      return Split(
        feature: feature, condition: .member(set), yes: yes, no: no, missing: no)
    }
  }

  /// The whole numbers whose texts are looked for, by hash: made once.
  private static let wholeNumbers: [UInt32: Int] = Dictionary(
    (0..<(1 << 16)).map { (Feature.hash(ofCategory: "\($0)"), $0) },
    uniquingKeysWith: { first, _ in first })
}
