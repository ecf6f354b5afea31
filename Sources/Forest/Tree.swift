/// A binary decision tree whose leaves add to one margin of the forest.
public struct Tree: Sendable, Equatable {
  /// The margin that the leaves add to, from 0.
  public let output: Int
  /// The nodes; the root is the first. Children are positions in this array.
  public let nodes: [Node]

  /// Describes a tree; ``Forest`` checks it.
  public init(output: Int, nodes: [Node]) {
    self.output = output
    self.nodes = nodes
  }
}

/// A node of a ``Tree``.
public enum Node: Sendable, Equatable {
  /// The end of a path: a value to add to the margin.
  case leaf(Float)
  /// A question about one feature.
  case split(Split)
}

/// A question about one feature of a row, and where each answer leads.
public struct Split: Sendable, Equatable {
  /// The column that is asked about.
  public let feature: Int
  /// The question.
  public let condition: Condition
  /// The child for rows that meet the condition.
  public let yes: Int
  /// The child for rows that do not.
  public let no: Int
  /// The child for rows whose value is missing: `yes` or `no`.
  public let missing: Int

  /// Describes a split; ``Forest`` checks it.
  public init(feature: Int, condition: Condition, yes: Int, no: Int, missing: Int) {
    self.feature = feature
    self.condition = condition
    self.yes = yes
    self.no = no
    self.missing = missing
  }

  /// The child that a value leads to.
  public func child(for value: Float) -> Int {
    if value.isNaN { return missing }
    switch condition {
    case .below(let threshold): return value < threshold ? yes : no
    case .member(let categories): return categories.contains(value) ? yes : no
    }
  }
}

/// What a ``Split`` asks of a value.
public enum Condition: Sendable, Equatable {
  /// Whether it is less than the threshold.
  case below(Float)
  /// Whether it is the code of one of these categories.
  case member(CategorySet)
}

/// A set of category codes, as bits.
public struct CategorySet: Sendable, Equatable {
  /// Codes from here on are in no set: float32 cannot count higher by ones.
  public static let limit = 1 << 24

  private var words: [UInt64]

  /// The set of these codes.
  ///
  /// - Precondition: every code is at least 0 and less than ``limit``.
  public init(_ codes: some Sequence<Int>) {
    words = []
    for code in codes {
      precondition(code >= 0 && code < Self.limit, "category code out of range")
      while words.count <= code / 64 { words.append(0) }
      words[code / 64] |= 1 << UInt64(code % 64)
    }
  }

  /// Whether the category with this code is a member; a fraction is cut off, and a negative,
  /// infinite or too large value is no member.
  public func contains(_ value: Float) -> Bool {
    guard value >= 0, value < Float(Self.limit) else { return false }
    let code = Int(value)
    return code / 64 < words.count && words[code / 64] >> UInt64(code % 64) & 1 == 1
  }

  /// The codes in the set, in ascending order.
  public var codes: [Int] {
    words.indices.flatMap { word in
      (0..<64).filter { words[word] >> UInt64($0) & 1 == 1 }.map { word * 64 + $0 }
    }
  }
}
