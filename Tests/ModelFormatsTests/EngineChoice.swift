import Forest
import Testing

/// An engine with a set of instructions, or the one that chooses by itself.
struct EngineChoice: Sendable, CustomTestStringConvertible {
  /// Nil for ``FastEngine``.
  let kind: EngineKind?
  let instructions: InstructionSet

  var testDescription: String { "\(kind?.rawValue ?? "fast") \(instructions)" }

  /// Every combination that this processor can run and that makes a difference.
  static let all: [EngineChoice] = InstructionSet.available.flatMap { instructions in
    [EngineKind.reference, .walk, .slice, .permute, nil].compactMap { kind in
      switch kind {
      case .reference:
        guard instructions == .baseline else { return nil }
      case .permute:
        guard instructions >= .avx512vbmi else { return nil }
      case .walk, .slice, nil:
        break
      }
      return EngineChoice(kind: kind, instructions: instructions)
    }
  }

  /// The engine; nil if it says that it does not take the forest, which some never say.
  func engine(for forest: Forest) throws -> (any Engine)? {
    guard let kind else { return FastEngine(forest, instructions: instructions) }
    do {
      return try kind.engine(for: forest, instructions: instructions)
    } catch {
      #expect(kind == .slice || kind == .permute, "\(error)")
      return nil
    }
  }
}

extension Matrix {
  /// The rows, each as a matrix of its own.
  var rows: [Matrix] {
    (0..<rowCount).map { row in
      Matrix(rowCount: 1, columnCount: columnCount, values: Array(self[row: row]))
    }
  }
}
