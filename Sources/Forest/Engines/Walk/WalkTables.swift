import ForestKernels

/// The tables of ``WalkEngine``, and the kernels that read them.
struct WalkTables: Sendable {
  /// The words of a row, and their bytes.
  let wordCount, wordBytes: Int
  /// See ``BlockedForest``.
  let roots, exits: Table<UInt32>
  let positions: Table<Int32>

  private let numbers: Table<fk_number>
  private let categories: Table<fk_category>
  private let thresholds: Table<Float>
  private let bits: Table<UInt8>
  private let blocks: Table<UInt8>
  let kernels: fk_walk

  /// Lays out a forest in words of 16 bits, or else of 32.
  ///
  /// - Throws: ``UnsuitableForest`` if these do not suffice either.
  init(_ forest: Forest, _ instructions: InstructionSet) throws(UnsuitableForest) {
    let questions = RowQuestions(forest)
    guard
      let tables = Self(forest, questions, instructions, UInt16.self)
        ?? Self(forest, questions, instructions, UInt32.self)
    else {
      throw UnsuitableForest(
        "it takes fewer and smaller sets of categories, which agree on negatives")
    }
    self = tables
  }

  private init?<Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable>(
    _ forest: Forest, _ questions: RowQuestions, _ instructions: InstructionSet, _: Word.Type
  ) {
    guard let code = RowCode<Word>(questions, featureCount: forest.featureCount),
      let blocked = BlockedForest(forest, code, numbers: questions.numbers)
    else { return nil }
    wordCount = code.wordCount
    wordBytes = MemoryLayout<Word>.size
    roots = Table(blocked.roots)
    exits = Table(blocked.exits)
    positions = Table(blocked.positions)
    numbers = Table(code.numbers)
    categories = Table(code.categories)
    thresholds = Table(code.thresholds.values)
    bits = Table(bytesOf: code.bits)
    blocks = Table(bytesOf: blocked.blocks)
    kernels = fk_walk_kernels(instructions.level, wordBytes)
  }

  /// What the kernels read.
  var pointers: fk_walk_tables {
    fk_walk_tables(
      numbers: numbers.pointer, categories: categories.pointer, thresholds: thresholds.pointer,
      bits: bits.pointer, blocks: blocks.pointer, number_count: UInt32(numbers.count),
      category_count: UInt32(categories.count))
  }
}
