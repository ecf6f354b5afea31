/// Runs the pickle language (protocols 0 to 5) over a closed table of classes.
///
/// The language is that of a stack machine: most instructions push a value, collect those above a
/// mark into a container, or keep and fetch one by number (the memo). Python's machine may also
/// import any name and call it. This one knows the names of ``PickleGlobal`` and nothing else: it
/// imports nothing and calls nothing. An instance of a known class is a record of its class and
/// state, and the few functions that real pickles need, such as the one that makes an array of
/// bytes, are cases of a switch.
///
/// Memory is bounded whatever the bytes say: by ``PickleGraph/maximumNodeCount``,
/// ``maximumValueCount`` and the bytes themselves, which values point into.
///
/// - SeeAlso: docs/formats/pickle.md; Python's `Lib/pickletools.py` documents each instruction.
struct PickleMachine {
  /// The most values that are pushed and elements that calls copy.
  static let maximumValueCount = 1 << 22
  /// The most instructions that are run.
  static let maximumInstructionCount = 1 << 24
  /// The first number that the memo does not take.
  static let memoLimit = 1 << 21

  var input: PickleBytes
  var graph = PickleGraph()
  private var stack: [PickleValue] = []
  /// Where the values above each mark begin.
  private var marks: [Int] = []
  private var memo: [PickleValue?] = []
  private var valueCount = 0
  private var isNested = false
  /// The bytes of text that was encoded.
  var encodedCount = 0

  init(_ bytes: [UInt8]) {
    input = PickleBytes(bytes: bytes)
  }

  /// Runs up to the end of the pickle and returns what it made.
  mutating func run() throws -> PickleValue {
    for _ in 0..<Self.maximumInstructionCount {
      input.start = input.offset
      let byte = try input.byte()
      guard let opcode = PickleOpcode(rawValue: byte) else {
        throw error("no instruction has the code 0x\(String(byte, radix: 16))")
      }
      if opcode == .stop { return try pop() }
      try run(opcode)
    }
    throw error(
      "the pickle has more than \(Self.maximumInstructionCount) instructions", .tooLarge)
  }

  /// Runs a pickle that stands in the bytes here, within this one.
  mutating func runNested() throws -> PickleValue {
    guard !isNested else { throw error("a pickle within a pickle holds a third") }
    let outer = (stack, marks, memo)
    (stack, marks, memo) = ([], [], [])
    isNested = true
    defer {
      (stack, marks, memo) = outer
      isNested = false
    }
    return try run()
  }

  func error(_ message: String, _ code: ModelFormatError.Code = .malformed) -> ModelFormatError {
    input.error(message, code)
  }
}

// The stack
extension PickleMachine {
  mutating func push(_ value: PickleValue) throws {
    try charge(1)
    stack.append(value)
  }

  mutating func push(_ node: PickleNode) throws {
    try push(add(node))
  }

  mutating func add(_ node: PickleNode) throws -> PickleValue {
    guard let value = graph.add(node) else {
      throw error(
        "the pickle makes more than \(PickleGraph.maximumNodeCount) objects", .tooLarge)
    }
    return value
  }

  /// Counts values that take memory.
  mutating func charge(_ count: Int) throws {
    valueCount += count
    guard valueCount <= Self.maximumValueCount else {
      throw error("the pickle makes more than \(Self.maximumValueCount) values", .tooLarge)
    }
  }

  mutating func pop() throws -> PickleValue {
    guard stack.count > marks.last ?? 0 else { throw error("the stack is empty") }
    return stack.removeLast()
  }

  func top() throws -> PickleValue {
    guard stack.count > marks.last ?? 0, let value = stack.last else {
      throw error("the stack is empty")
    }
    return value
  }

  mutating func mark() throws {
    try charge(1)
    marks.append(stack.count)
  }

  /// Takes the values above the last mark, and the mark.
  mutating func popMark() throws -> [PickleValue] {
    guard let mark = marks.popLast() else { throw error("there is no mark") }
    let values = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return values
  }

  mutating func popTuple(_ count: Int) throws {
    guard stack.count - count >= marks.last ?? 0 else { throw error("the stack is empty") }
    let values = Array(stack.suffix(count))
    stack.removeLast(count)
    try push(.tuple(values))
  }

  /// Drops the value on top, or the mark where there is none above it.
  mutating func drop() throws {
    if let mark = marks.last, mark == stack.count {
      marks.removeLast()
    } else {
      _ = try pop()
    }
  }
}

// The memo
extension PickleMachine {
  mutating func keep(_ number: Int) throws {
    guard 0..<Self.memoLimit ~= number else {
      throw error("the memo has no place \(number)", number < 0 ? .malformed : .tooLarge)
    }
    let value = try top()
    while memo.count <= number { memo.append(nil) }
    memo[number] = value
  }

  mutating func memoize() throws {
    try keep(memo.count)
  }

  mutating func fetch(_ number: Int) throws {
    guard memo.indices.contains(number), let value = memo[number] else {
      throw error("the memo has nothing in place \(number)")
    }
    try push(value)
  }
}

// Containers
extension PickleMachine {
  mutating func append(_ values: [PickleValue]) throws {
    let isList = try graph.change(top()) { node in
      guard case .list(var elements) = node else { return false }
      // The node gives its elements up meanwhile, so that they are not copied.
      node = .tuple([])
      elements += values
      node = .list(elements)
      return true
    }
    guard isList == true else { throw error("this is no list to append to") }
  }

  mutating func set(_ values: [PickleValue]) throws {
    guard values.count.isMultiple(of: 2) else { throw error("a key has no value") }
    let isDictionary = try graph.change(top()) { node in
      guard case .dictionary(var entries) = node else { return false }
      node = .tuple([])
      entries += values
      node = .dictionary(entries)
      return true
    }
    guard isDictionary == true else { throw error("this is no dictionary to put entries into") }
  }
}
