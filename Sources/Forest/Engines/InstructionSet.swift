import ForestKernels

/// The vector instructions that an engine may use; each level includes those below it.
public enum InstructionSet: String, Sendable, CaseIterable, Comparable {
  /// What every processor of the architecture has: SSE2, NEON, or none.
  case baseline
  /// AVX2 of x86-64.
  case avx2
  /// AVX-512 F, BW, DQ and VL.
  case avx512
  /// AVX-512 with VBMI, which permutes bytes.
  case avx512vbmi

  /// The highest that this processor has.
  public static let best = allCases[min(Int(fk_best_level().rawValue), allCases.count - 1)]

  /// Those that this processor has, in ascending order.
  public static var available: [InstructionSet] { allCases.filter { $0 <= best } }

  var level: fk_level {
    switch self {
    case .baseline: FK_BASELINE
    case .avx2: FK_AVX2
    case .avx512: FK_AVX512
    case .avx512vbmi: FK_AVX512_VBMI
    }
  }

  /// Whether one level is below another.
  public static func < (left: InstructionSet, right: InstructionSet) -> Bool {
    left.level.rawValue < right.level.rawValue
  }
}
