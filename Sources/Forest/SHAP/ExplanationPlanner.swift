/// Turns trees into the passes of an ``ExplanationPlan``.
struct ExplanationPlanner {
  private let leafWeights: [Double]
  private var rules: [Int: GaussLegendre] = [:]
  /// The last split that asks for a feature, and how it was left, on the path that is being gone.
  private var latest: [Occurrence?]

  /// A split that a path has gone through.
  private struct Occurrence {
    var position: Int
    var isYes: Bool
    /// The share that this and the same feature's splits above leave.
    var share: Double
  }

  private enum Step {
    case visit(Int)
    case set(feature: Int, Occurrence?)
  }

  /// A planner for the trees of a forest.
  init(_ forest: Forest) {
    leafWeights = forest.leafWeights()
    latest = Array(repeating: nil, count: forest.featureCount)
  }

  /// Adds the passes of a tree, if they take no more memory than given.
  ///
  /// - Returns: whether they were added.
  mutating func add(
    _ tree: Tree, to plan: inout ExplanationPlan, limit: Int = .max
  ) -> Bool {
    guard tree.nodes.count > 1 else { return true }
    var before = [Occurrence?](repeating: nil, count: tree.nodes.count)
    let rule = rule(featureCount: follow(tree, before: &before))
    let layout = Layout(tree)
    let passCount = (rule.points.count + 3) / 4 * tree.width
    let (bytes, overflow) = (layout.nodes.count * 64).multipliedReportingOverflow(by: passCount)
    guard !overflow, bytes <= limit else { return false }
    let questions = layout.nodes.map { position in
      question(of: tree.nodes[position], before: before[position], layout, &plan.categories)
    }
    for offset in 0..<tree.width {
      for start in stride(from: 0, to: rule.points.count, by: 4) {
        let range = start..<min(start + 4, rule.points.count)
        append(
          tree, offset, layout, questions, before, points: rule.points[range],
          weights: rule.weights[range], to: &plan)
      }
    }
    return true
  }

  /// Goes all paths, tells for each node which node above it asked for the same feature last, and
  /// returns the largest number of different features on a path.
  private mutating func follow(_ tree: Tree, before: inout [Occurrence?]) -> Int {
    var (count, largest) = (0, 0)
    var pending = [Step.visit(0)]
    while let step = pending.popLast() {
      switch step {
      case .set(let feature, let occurrence):
        count += (occurrence == nil ? 0 : 1) - (latest[feature] == nil ? 0 : 1)
        latest[feature] = occurrence
      case .visit(let position):
        largest = max(largest, count)
        guard case .split(let split) = tree.nodes[position] else { continue }
        let last = latest[split.feature]
        before[position] = last
        let share = tree.yesShare(of: split)
        func occurrence(_ isYes: Bool) -> Occurrence {
          Occurrence(
            position: position, isYes: isYes,
            share: (last?.share ?? 1) * (isYes ? share : 1 - share))
        }
        pending.append(.set(feature: split.feature, last))
        pending.append(.visit(split.no))
        pending.append(.set(feature: split.feature, occurrence(false)))
        pending.append(.visit(split.yes))
        pending.append(.set(feature: split.feature, occurrence(true)))
      }
    }
    return largest
  }

  /// Points for paths with that many different features.
  ///
  /// The integrands have one degree less, so that half as many points are exact; from 36 features
  /// on, 3√n leave an error below 1e-8 of each integral.
  private mutating func rule(featureCount: Int) -> GaussLegendre {
    let enough = (3 * Double(featureCount).squareRoot()).rounded(.up)
    let count = min((featureCount + 1) / 2, Int(enough))
    if let rule = rules[count] { return rule }
    let rule = GaussLegendre(count: count)
    rules[count] = rule
    return rule
  }

  private func question(
    of node: Node, before: Occurrence?, _ layout: Layout, _ categories: inout CategoryTable
  ) -> ExplanationPlan.Question {
    var question = ExplanationPlan.Question(
      feature: 0, threshold: 0, link: 0, needed: -1, missing: 0, isCategorical: false)
    guard case .split(let split) = node else { return question }
    question.feature = Int32(split.feature)
    question.missing = split.missing == split.yes ? -1 : 0
    if let before {
      question.link = layout.numbers[before.position] + 1
      question.needed = before.isYes ? -1 : 0
    }
    switch split.condition {
    case _ where split.zeroIsMissing: categorical(categories.add(split))
    case .below(let threshold): question.threshold = threshold
    case .member(let set) where set.truncatesNegative: categorical(categories.add(split))
    case .member(let set): categorical(categories.add(set))
    case .present: categorical(categories.add(nil))
    }
    func categorical(_ position: Int) {
      question.isCategorical = true
      question.threshold = Float(bitPattern: UInt32(position))
    }
    return question
  }

  private func append(
    _ tree: Tree, _ offset: Int, _ layout: Layout, _ questions: [ExplanationPlan.Question],
    _ before: [Occurrence?], points: ArraySlice<Double>,
    weights: ArraySlice<Double>, to plan: inout ExplanationPlan
  ) {
    let output = tree.output + offset
    plan.passes.append(
      ExplanationPlan.Pass(
        output: output, firstInner: plan.inner.count, innerCount: layout.innerCount,
        firstBottom: plan.bottom.count, bottomCount: layout.nodes.count - layout.innerCount,
        pointCount: points.count, weights: SIMD4<Float>(SIMD4<Double>(weights, rest: 0))))
    // Points that are not there are never used.
    let points = SIMD4<Double>(points, rest: 0.5)
    func leaf(_ position: Int) -> Float {
      Float(leafWeights[output] * tree.leafValue(at: position, offset))
    }
    for (number, position) in layout.nodes.enumerated() {
      let parent = layout.parents[number]
      guard case .split(let split) = tree.nodes[position] else {
        plan.bottom.append(
          ExplanationPlan.BottomNode(
            question: questions[number], share: 0, yes: leaf(position), no: leaf(position),
            parent: parent, slope: .zero, change: .zero))
        continue
      }
      let share = before[position]?.share ?? 1
      let sum = points + (1 - points) * share
      let slope = SIMD4<Float>(points / sum)
      // slope * (1 - slope) / (points * (1 - points)), without its cancellation.
      let change = SIMD4<Float>(share / (sum * sum))
      let yesShare = Float(tree.yesShare(of: split))
      if number < layout.innerCount {
        plan.inner.append(
          ExplanationPlan.InnerNode(
            question: questions[number], share: yesShare, yes: layout.numbers[split.yes],
            no: layout.numbers[split.no], parent: parent, slope: slope, change: change))
      } else {
        plan.bottom.append(
          ExplanationPlan.BottomNode(
            question: questions[number], share: yesShare, yes: leaf(split.yes),
            no: leaf(split.no), parent: parent, slope: slope, change: change))
      }
    }
  }
}

extension ExplanationPlanner {
  /// The order of a tree's nodes in a plan.
  private struct Layout {
    /// The position in the tree of each node of the plan.
    var nodes: [Int]
    /// The parents, as ``ExplanationPlan/InnerNode/parent`` tells them.
    var parents: [Int32]
    var innerCount: Int
    /// The node of the plan at each position of the tree; -1 where a leaf is part of its parent.
    var numbers: [Int32]

    init(_ tree: Tree) {
      func isLeaf(_ position: Int) -> Bool {
        if case .split = tree.nodes[position] { false } else { true }
      }
      var (inner, bottom) = ([0], [(position: Int, parent: Int32)]())
      numbers = Array(repeating: -1, count: tree.nodes.count)
      parents = [-1]
      innerCount = 0
      guard case .split(let root) = tree.nodes[0], !isLeaf(root.yes) || !isLeaf(root.no) else {
        (nodes, numbers[0]) = ([0], 0)
        return
      }
      numbers[0] = 0
      var next = 0
      while next < inner.count {
        if case .split(let split) = tree.nodes[inner[next]] {
          for (child, side) in [(split.no, 0), (split.yes, 1)] {
            let parent = Int32(2 * next + side)
            if case .split(let below) = tree.nodes[child], !isLeaf(below.yes) || !isLeaf(below.no) {
              numbers[child] = Int32(inner.count)
              inner.append(child)
              parents.append(parent)
            } else {
              bottom.append((child, parent))
            }
          }
        }
        next += 1
      }
      innerCount = inner.count
      for (index, node) in bottom.enumerated() {
        numbers[node.position] = Int32(innerCount + index)
        parents.append(node.parent)
      }
      nodes = inner + bottom.map(\.position)
    }
  }
}

extension SIMD4<Double> {
  /// At most four values, and what stands in the lanes after them.
  fileprivate init(_ values: ArraySlice<Double>, rest: Double) {
    self.init(repeating: rest)
    for (lane, value) in values.enumerated() { self[lane] = value }
  }
}
