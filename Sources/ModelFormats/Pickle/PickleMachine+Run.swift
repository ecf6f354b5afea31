extension PickleMachine {
  /// Runs one instruction.
  mutating func run(_ opcode: PickleOpcode) throws {
    switch opcode {
    case .int, .long: try push(input.lineInteger())
    case .binInt: try push(.int(Int(input.littleEndian(Int32.self))))
    case .binInt1: try push(.int(Int(input.byte())))
    case .binInt2: try push(.int(Int(input.littleEndian(UInt16.self))))
    case .long1: try push(input.wideInteger(Int(input.byte())))
    case .long4: try push(input.wideInteger(input.length(Int32.self)))
    case .float: try push(.float(lineFloat()))
    case .binFloat:
      try push(.float(Double(bitPattern: input.littleEndian(UInt64.self).byteSwapped)))
    case .none: try push(PickleValue.none)
    case .newTrue: try push(.bool(true))
    case .newFalse: try push(.bool(false))

    case .string: try push(.bytes(escaped(PickleEscapes.string)))
    case .unicode: try push(.text(escaped(PickleEscapes.unicode)))
    case .shortBinUnicode: try push(.text(input.take(Int(input.byte()))))
    case .binUnicode: try push(.text(input.take(input.length(UInt32.self))))
    case .binUnicode8: try push(.text(input.take(input.length(UInt64.self))))
    case .shortBinString, .shortBinBytes: try push(.bytes(input.take(Int(input.byte()))))
    case .binString: try push(.bytes(input.take(input.length(Int32.self))))
    case .binBytes: try push(.bytes(input.take(input.length(UInt32.self))))
    case .binBytes8, .byteArray8: try push(.bytes(input.take(input.length(UInt64.self))))

    case .emptyTuple: try push(.tuple([]))
    case .tuple1: try popTuple(1)
    case .tuple2: try popTuple(2)
    case .tuple3: try popTuple(3)
    case .tuple: try push(.tuple(popMark()))
    case .emptyList, .emptySet: try push(.list([]))
    case .list, .frozenSet: try push(.list(popMark()))
    case .append: try append([pop()])
    case .appends, .addItems: try append(popMark())
    case .emptyDict: try push(.dictionary([]))
    case .dict:
      let entries = try popMark()
      try push(.dictionary([]))
      try set(entries)
    case .setItem:
      let value = try pop()
      try set([pop(), value])
    case .setItems: try set(popMark())

    case .mark: try mark()
    case .pop: try drop()
    case .popMark: _ = try popMark()
    case .duplicate: try push(top())
    case .get: try fetch(lineNumber())
    case .binGet: try fetch(Int(input.byte()))
    case .longBinGet: try fetch(Int(input.littleEndian(UInt32.self)))
    case .put: try keep(lineNumber())
    case .binPut: try keep(Int(input.byte()))
    case .longBinPut: try keep(Int(input.littleEndian(UInt32.self)))
    case .memoize: try memoize()

    case .global: try pushGlobal(module: input.lineText(), name: input.lineText())
    case .stackGlobal: try pushGlobal()
    case .reduce:
      let arguments = try pop()
      try call(pop(), arguments)
    case .newObject:
      let arguments = try pop()
      try make(pop(), arguments)
    case .newObjectKeywords:
      _ = try pop()
      let arguments = try pop()
      try make(pop(), arguments)
    case .instance:
      try pushGlobal(module: input.lineText(), name: input.lineText())
      let kind = try pop()
      try call(kind, add(.tuple(popMark())))
    case .object:
      var values = try popMark()
      guard !values.isEmpty else { throw error("the stack is empty") }
      let kind = values.removeFirst()
      try call(kind, add(.tuple(values)))
    case .build: try build(pop())

    case .persistentID, .binPersistentID:
      throw error("the pickle points to objects that another program keeps", .unsupported)
    case .extension1, .extension2, .extension4:
      throw error("the pickle uses Python's registry of extensions", .unsupported)
    case .nextBuffer, .readonlyBuffer:
      throw error("the pickle has buffers outside of it", .unsupported)

    case .proto:
      let version = try input.byte()
      guard version <= 5 else { throw error("pickle protocol \(version) is not known") }
    case .frame:
      let length = try input.length(UInt64.self)
      guard length <= input.bytes.count - input.offset else {
        throw error(
          "a frame of \(length) bytes is announced, but only "
            + "\(input.bytes.count - input.offset) follow")
      }
    case .stop: break
    }
  }

  private mutating func lineFloat() throws -> Double {
    let text = try input.lineText()
    guard let number = Double(text) else {
      throw error("expected a number, found \(text.quoted)")
    }
    return number
  }

  private mutating func lineNumber() throws -> Int {
    guard case .int(let number) = try input.lineInteger() else {
      throw error("expected a place of the memo")
    }
    return number
  }

  private mutating func escaped(
    _ decode: (ArraySlice<UInt8>) -> [UInt8]?
  ) throws -> ArraySlice<UInt8> {
    guard let bytes = try decode(input.line()) else { throw error("the string is malformed") }
    return bytes[...]
  }
}
