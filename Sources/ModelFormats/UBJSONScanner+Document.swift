extension UBJSONScanner: DocumentScanner {
  mutating func object(_ member: (String, inout UBJSONScanner) throws -> Void) throws {
    try expect("{", "an object")
    try enter()
    let header = try header()
    var count = 0
    while try next(count, header, closing: UInt8(ascii: "}")) {
      let key = try text()
      announcedType = header.type
      try member(key, &self)
      count += 1
    }
    depth -= 1
  }

  mutating func array(_ element: (Int, inout UBJSONScanner) throws -> Void) throws {
    try expect("[", "an array")
    try enter()
    let header = try header()
    var count = 0
    while try next(count, header, closing: UInt8(ascii: "]")) {
      announcedType = header.type
      try element(count, &self)
      count += 1
    }
    depth -= 1
  }

  mutating func string() throws -> String {
    try expect("S", "a string")
    return try text()
  }

  mutating func integer() throws -> Int {
    try integer(of: type())
  }

  mutating func floats(into values: inout [Float]) throws {
    try numbers(into: &values) { scanner in
      let type = try scanner.type()
      switch type {
      case UInt8(ascii: "d"): return Float(bitPattern: try scanner.bigEndian(UInt32.self))
      case UInt8(ascii: "D"): return Float(Double(bitPattern: try scanner.bigEndian(UInt64.self)))
      default: return Float(try scanner.integer(of: type))
      }
    } bulk: { values, type, bytes, count in
      switch type {
      case UInt8(ascii: "d"):
        Self.append(count, of: UInt32.self, bytes, to: &values) { Float(bitPattern: $0) }
      case UInt8(ascii: "D"):
        Self.append(count, of: UInt64.self, bytes, to: &values) { Float(Double(bitPattern: $0)) }
      default: return false
      }
      return true
    }
  }

  mutating func integers(into values: inout [Int32]) throws {
    try numbers(into: &values) { scanner in
      guard let value = Int32(exactly: try scanner.integer()) else {
        throw scanner.error("the number does not fit into 32 bits")
      }
      return value
    } bulk: { values, type, bytes, count in
      switch type {
      case UInt8(ascii: "i"): Self.append(count, of: Int8.self, bytes, to: &values) { Int32($0) }
      case UInt8(ascii: "U"): Self.append(count, of: UInt8.self, bytes, to: &values) { Int32($0) }
      case UInt8(ascii: "I"): Self.append(count, of: Int16.self, bytes, to: &values) { Int32($0) }
      case UInt8(ascii: "l"): Self.append(count, of: Int32.self, bytes, to: &values) { $0 }
      default: return false
      }
      return true
    }
  }

  mutating func flags(into values: inout [Bool]) throws {
    try numbers(into: &values) { scanner in
      switch try scanner.type() {
      case UInt8(ascii: "T"): true
      case UInt8(ascii: "F"): false
      case let type: try scanner.integer(of: type) != 0
      }
    } bulk: { values, type, bytes, count in
      guard type == UInt8(ascii: "U") || type == UInt8(ascii: "i") else { return false }
      Self.append(count, of: UInt8.self, bytes, to: &values) { $0 != 0 }
      return true
    }
  }

  mutating func skip() throws {
    let type = try type()
    switch type {
    case UInt8(ascii: "Z"), UInt8(ascii: "T"), UInt8(ascii: "F"): break
    case UInt8(ascii: "S"), UInt8(ascii: "H"): _ = try take(length())
    case UInt8(ascii: "{"):
      announcedType = type
      try object { _, scanner in try scanner.skip() }
    case UInt8(ascii: "["):
      try skipArray()
    default:
      guard let width = Self.width(of: type) else { throw unknown(type) }
      _ = try take(width)
    }
  }
}

extension UBJSONScanner {
  /// What a container announces of its elements.
  private struct Header {
    var type: UInt8?
    var count: Int?
  }

  /// Reads the announcement after an opening bracket, if there is one.
  private mutating func header() throws -> Header {
    var header = Header()
    if offset < bytes.count, bytes[offset] == UInt8(ascii: "$") {
      offset += 1
      let type = try byte()
      // Elements without bytes would make a count unbounded.
      guard Self.width(of: type) != nil || "SH{[".utf8.contains(type) else { throw unknown(type) }
      header.type = type
      guard offset < bytes.count, bytes[offset] == UInt8(ascii: "#") else {
        throw error("a count must follow the type of the elements")
      }
    }
    if offset < bytes.count, bytes[offset] == UInt8(ascii: "#") {
      offset += 1
      let count = try length()
      let width = header.type.flatMap(Self.width) ?? 1
      guard count <= (bytes.count - offset) / width else {
        throw error(
          "\(count) elements are announced, but only \(bytes.count - offset) bytes follow")
      }
      header.count = count
    }
    return header
  }

  /// Says whether there is another element, and moves past the closing bracket if not.
  private mutating func next(
    _ index: Int, _ header: Header, closing bracket: UInt8
  ) throws -> Bool {
    if let count = header.count { return index < count }
    try skipNoOperations()
    guard offset < bytes.count else { throw ended }
    guard bytes[offset] == bracket else { return true }
    offset += 1
    return false
  }

  /// Appends numbers that lie side by side, in a loop that the compiler can do several at a time.
  @inline(__always)
  private static func append<Integer: FixedWidthInteger, Number>(
    _ count: Int, of _: Integer.Type, _ bytes: UnsafeRawBufferPointer, to values: inout [Number],
    _ convert: (Integer) -> Number
  ) {
    guard count > 0 else { return }
    let start = values.count
    values.append(contentsOf: repeatElement(convert(0), count: count))
    values.withUnsafeMutableBufferPointer { values in
      // Safe: the scanner checked that there are `count` elements in the bytes, and there are as many
      // values from the start on.
      let target = values.baseAddress.unsafelyUnwrapped + start
      for index in 0..<count { target[index] = convert(load(Integer.self, bytes, at: index)) }
    }
  }

  /// Reads an array of numbers: in bulk where the elements have one type and `bulk` knows it,
  /// otherwise one by one.
  private mutating func numbers<Number>(
    into values: inout [Number], element: (inout UBJSONScanner) throws -> Number,
    bulk: (inout [Number], _ type: UInt8, _ bytes: UnsafeRawBufferPointer, _ count: Int) -> Bool
  ) throws {
    try expect("[", "an array")
    try enter()
    let header = try header()
    var count = 0
    values.reserveCapacity(values.count + (header.count ?? 0))
    if let type = header.type, let width = Self.width(of: type), let announced = header.count {
      let elements = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + announced * width])
      if bulk(&values, type, elements, announced) {
        offset += elements.count
        depth -= 1
        return
      }
    }
    while try next(count, header, closing: UInt8(ascii: "]")) {
      announcedType = header.type
      values.append(try element(&self))
      count += 1
    }
    depth -= 1
  }

  private mutating func skipArray() throws {
    try enter()
    let header = try header()
    if let count = header.count, let width = header.type.flatMap(Self.width) {
      _ = try take(count * width)
    } else {
      var count = 0
      while try next(count, header, closing: UInt8(ascii: "]")) {
        announcedType = header.type
        try skip()
        count += 1
      }
    }
    depth -= 1
  }
}
