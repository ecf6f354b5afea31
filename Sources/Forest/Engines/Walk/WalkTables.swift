import ForestKernels

/// The tables of ``WalkEngine``, and the kernels that read them.
struct WalkTables: Sendable {
  /// The bytes of a row's words, with those that the kernels may write after them.
  let rowBytes: Int
  let sums: Sums
  /// See ``BlockedForest``.
  let roots: Table<UInt32>
  private let exits, positions: Table<UInt32>
  private let featureCount: UInt32
  private let numbers: Table<fk_number>
  private let categories: Table<fk_category>
  private let thresholds: Table<Float>
  private let answers: Table<UInt32>
  private let blocks: Table<UInt8>
  let kernels: fk_walk

  enum Sums: Sendable {
    case float32(LeafSums<Float>)
    case float64(LeafSums<Double>)
  }

  /// Lays out a forest in words of 16 bits, or of 32 where these do not suffice or are asked for.
  ///
  /// - Throws: ``UnsuitableForest`` if the categories take too much memory.
  init(
    _ forest: Forest, _ instructions: InstructionSet, isWide: Bool, tableLimit: Int
  ) throws(UnsuitableForest) {
    if forest.summation == .float32 {
      self = try Self.fitting(forest, instructions, isWide, tableLimit, Sums.float32)
    } else {
      self = try Self.fitting(forest, instructions, isWide, tableLimit, Sums.float64)
    }
  }

  private static func fitting<Sum>(
    _ forest: Forest, _ instructions: InstructionSet, _ isWide: Bool, _ tableLimit: Int,
    _ sums: (LeafSums<Sum>) -> Sums
  ) throws(UnsuitableForest) -> Self {
    let questions = RowQuestions(forest)
    guard
      let code = RowCode(
        questions, featureCount: forest.featureCount, tableLimit: tableLimit),
      let tables =
        (isWide ? nil : Self(forest, code, questions.numbers, instructions, UInt16.self, sums))
        ?? Self(forest, code, questions.numbers, instructions, UInt32.self, sums)
    else {
      throw UnsuitableForest(
        "it takes fewer and smaller sets of categories, which agree on negative fractions")
    }
    return tables
  }

  private init?<
    Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable,
    Sum: BinaryFloatingPoint & BitwiseCopyable & Sendable
  >(
    _ forest: Forest, _ code: RowCode, _ questions: [[Int32]], _ instructions: InstructionSet,
    _: Word.Type, _ sums: (LeafSums<Sum>) -> Sums
  ) {
    guard let blocked = BlockedForest<Word, Sum>(forest, code, numbers: questions) else {
      return nil
    }
    featureCount = UInt32(forest.featureCount)
    rowBytes =
      code.kind == FK_RANKS
      ? code.wordCount * MemoryLayout<Word>.size : (code.wordCount + Int(FK_SPARE_WORDS)) * 4
    self.sums = sums(LeafSums(forest, blocked.leaves))
    roots = Table(blocked.roots)
    exits = Table(blocked.exits)
    positions = Table(blocked.positions)
    numbers = Table(code.numbers)
    categories = Table(code.categories)
    thresholds = Table(code.thresholds.values)
    answers = Table(code.answers)
    blocks = Table(bytesOf: blocked.blocks)
    kernels = fk_walk_kernels(instructions.level, code.kind, MemoryLayout<Word>.size)
  }

  /// What the kernels read: they give the rows of leaves' values, or else their positions.
  func pointers(positions wantsPositions: Bool = false) -> fk_walk_tables {
    let (values, valueBytes) =
      switch sums {
      case .float32(let leaves): (UnsafeRawPointer(leaves.values.pointer), leaves.valueBytes)
      case .float64(let leaves): (UnsafeRawPointer(leaves.values.pointer), leaves.valueBytes)
      }
    return fk_walk_tables(
      numbers: numbers.pointer, categories: categories.pointer, thresholds: thresholds.pointer,
      answers: answers.pointer, blocks: blocks.pointer,
      exits: wantsPositions ? positions.pointer : exits.pointer, values: values,
      value_bytes: wantsPositions ? 0 : UInt32(valueBytes), feature_count: featureCount,
      number_count: UInt32(numbers.count), category_count: UInt32(categories.count))
  }
}
