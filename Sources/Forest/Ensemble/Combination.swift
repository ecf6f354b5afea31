/// Models whose answers to the same row are put together: votes, stages, medians.
public struct Combination: Sendable {
  /// What of a member's answer counts.
  public enum Reading: Sendable, Equatable {
    /// Its margins.
    case margins
    /// Its transformed predictions; of a binary classifier the probability of class 1.
    case predictions
    /// 1 for its class and 0 for the others; of a binary classifier the number of the class.
    case votes
    /// The margins that its probabilities stand for, as a boosting that starts from them takes it:
    /// the logit of one, or the logarithm of each of several, less their mean where they are
    /// centered. The probabilities are first kept `bound` away from 0 and 1.
    case logarithms(bound: Double, isCentered: Bool)
  }

  /// How the answers become one.
  public enum Rule: Sendable, Equatable {
    /// The base margins plus each value times the weight of its member.
    case sum
    /// The same, with the weights divided by their sum.
    case mean
    /// The weighted median of all values of all members: the first in order at which the sum of the
    /// weights reaches half of it. There is a weight for each value; those of members do not count.
    case median(weights: [Double])
    /// The base margin plus the least of all values of all members, whose weights do not count.
    case least
    /// The base margin plus the largest.
    case largest
    /// Each output's class: the first of the largest of its values, which are one a class, output after
    /// output. Base margins and the weights of members do not count.
    case classes([[Float]])

    /// Whether the values of all members are one list, of which some are chosen.
    var chooses: Bool {
      switch self {
      case .sum, .mean: false
      case .median, .least, .largest, .classes: true
      }
    }
  }

  /// A part of a ``Combination``.
  public struct Member: Sendable {
    /// The model.
    public let ensemble: Ensemble
    /// What the combination's columns go through before the member reads them.
    public let preprocessing: Preprocessing?
    /// What of its answer counts.
    public let reading: Reading
    /// How much it counts.
    public let weight: Double

    /// A part.
    public init(
      _ ensemble: Ensemble, preprocessing: Preprocessing? = nil, reading: Reading,
      weight: Double = 1
    ) {
      self.ensemble = ensemble
      self.preprocessing = preprocessing
      self.reading = reading
      self.weight = weight
    }
  }

  /// The number of values in a row.
  public let featureCount: Int
  /// Where sums and means start: one value for each margin of a row.
  public let baseMargins: [Double]
  /// The parts, in the order in which they are added.
  public let members: [Member]
  /// How their answers become one.
  public let rule: Rule
  /// What the margins mean.
  public let objective: Objective

  /// The number of margins of a row.
  public var outputCount: Int { baseMargins.count }

  /// The deepest that combinations may hold each other.
  static let maximumDepth = 8

  /// Checks that the parts fit and makes a combination of them.
  ///
  /// - Throws: ``EnsembleError`` when there are no members, one reads other columns or has other
  ///   outputs than the combination, weights do not fit or have no positive sum, a number is not
  ///   finite, or combinations hold each other too deep.
  public init(
    featureCount: Int, baseMargins: [Double], members: [Member], rule: Rule, objective: Objective
  ) throws(EnsembleError) {
    guard !members.isEmpty else { throw EnsembleError("there are no members") }
    guard !baseMargins.isEmpty, baseMargins.allSatisfy(\.isFinite) else {
      throw EnsembleError("a base margin is not a finite number, or there is none")
    }
    var valueCount = 0
    for (index, member) in members.enumerated() {
      let columnCount = member.preprocessing?.columnCount ?? member.ensemble.featureCount
      guard columnCount == featureCount else {
        throw EnsembleError("member \(index) reads \(columnCount) columns of \(featureCount)")
      }
      guard member.preprocessing.map({ $0.outputCount == member.ensemble.featureCount }) ?? true
      else {
        throw EnsembleError("the columns of member \(index) are not those that it reads")
      }
      guard member.weight.isFinite else {
        throw EnsembleError("the weight of member \(index) is not a finite number")
      }
      valueCount += member.ensemble.outputCount
      if rule.chooses { continue }
      guard member.ensemble.outputCount == baseMargins.count else {
        throw EnsembleError(
          "member \(index) has \(member.ensemble.outputCount) outputs, not \(baseMargins.count)")
      }
    }
    let weights = members.map(\.weight)
    switch rule {
    case .sum: break
    case .least, .largest:
      guard baseMargins.count == 1 else {
        throw EnsembleError("the least or largest value is one, not \(baseMargins.count)")
      }
    case .classes(let labels):
      guard labels.count == baseMargins.count, !labels.contains(where: \.isEmpty),
        labels.reduce(0, { $0 + $1.count }) == valueCount
      else { throw EnsembleError("there is not a value for each class of each output") }
    case .mean:
      let sum = weights.reduce(0, +)
      guard sum.isFinite, sum != 0 else { throw EnsembleError("the weights have no sum") }
    case .median(let weights):
      guard weights.count == valueCount, baseMargins.count == 1,
        weights.allSatisfy({ $0 >= 0 && $0.isFinite })
      else { throw EnsembleError("the weights of a median are not one a value") }
    }
    let depth = members.map(\.ensemble.depth).max() ?? 0
    guard depth < Self.maximumDepth else {
      throw EnsembleError("combinations are more than \(Self.maximumDepth) deep")
    }
    self.featureCount = featureCount
    self.baseMargins = baseMargins
    self.members = members
    self.rule = rule
    self.objective = objective
  }
}

extension Ensemble {
  /// How deep combinations lie within it.
  fileprivate var depth: Int {
    guard case .combination(let combination) = self else { return 0 }
    return 1 + (combination.members.map(\.ensemble.depth).max() ?? 0)
  }
}
