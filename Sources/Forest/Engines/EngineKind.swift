/// The engines there are, by name.
public enum EngineKind: String, Sendable, CaseIterable {
  /// ``ReferenceEngine``
  case reference
  /// ``WalkEngine``
  case walk
  /// ``PermuteEngine``
  case permute
  /// ``SliceEngine``
  case slice
}

extension EngineKind {
  /// Makes an engine of this kind.
  ///
  /// - Throws: ``UnsuitableForest`` when the engine does not take the forest or the instructions do
  ///   not suffice.
  public func engine(
    for forest: Forest, instructions: InstructionSet = .best
  ) throws(UnsuitableForest) -> any Engine {
    try engine(for: forest, nil, instructions: instructions)
  }

  /// The same, of a layout that engines share if there is one.
  func engine(
    for forest: Forest, _ complete: CompleteForest?, instructions: InstructionSet
  ) throws(UnsuitableForest) -> any Engine {
    switch self {
    case .reference:
      return ReferenceEngine(forest)
    case .walk:
      return try WalkEngine(forest, instructions: instructions)
    case .slice:
      guard let complete else { return try SliceEngine(forest, instructions: instructions) }
      return try SliceEngine(complete, instructions: instructions)
    case .permute:
      guard instructions >= .avx512vbmi else {
        throw UnsuitableForest("it needs a processor with AVX-512 VBMI")
      }
      guard let complete else { return try PermuteEngine(forest) }
      return try PermuteEngine(complete)
    }
  }
}
