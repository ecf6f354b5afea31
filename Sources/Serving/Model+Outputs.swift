extension Model {
  /// What a request gets that does not say which outputs it wants.
  public var defaultOutputs: [Output] {
    outputs.filter { $0 == .predict || $0 == .probabilities }
  }

  /// The shape of an output for one row: empty for a single value.
  public func shape(of output: Output) -> [Int] {
    switch output {
    case .classNumber, .label: []
    case .predict where predictsClass: []
    case .predict, .margin: outputCount == 1 ? [] : [outputCount]
    case .probabilities: [classCount]
    case .contributions where outputCount == 1: [features.count + 1]
    case .contributions: [outputCount, features.count + 1]
    case .leaves: [treeCount]
    }
  }
}
