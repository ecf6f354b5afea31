/// A table of a FlatBuffers document, the layout of CatBoost's binary models.
///
/// A table starts with the distance back to its list of fields; the list says for each field how
/// far from the table's start it lies, or 0 where it is left out. Strings, vectors and tables are
/// distances forward. (FlatBuffers "Internals".) Every distance is checked, and what is read of one
/// document may not come to more than its bytes, so that a small file in which everything points to
/// the same place cannot become large.
struct FlatTable {
  /// What may still be read of a document.
  private final class Budget {
    var bytes: Int
    init(bytes: Int) { self.bytes = bytes }
  }

  // Safe: the bytes outlive the tables, which live only while a file is read.
  private let bytes: UnsafeRawBufferPointer
  private let budget: Budget
  private let position: Int
  private let fields: Int
  private let fieldCount: Int

  /// The root of the document that starts at a byte.
  init(rootAt start: Int, of bytes: UnsafeRawBufferPointer) throws {
    let table = try Self.target(of: start, in: bytes)
    try self.init(bytes: bytes, budget: Budget(bytes: bytes.count), position: table)
  }

  private init(bytes: UnsafeRawBufferPointer, budget: Budget, position: Int) throws {
    self.bytes = bytes
    self.budget = budget
    self.position = position
    fields = position - Int(try Self.load(Int32.self, at: position, of: bytes))
    fieldCount = (Int(try Self.load(UInt16.self, at: fields, of: bytes)) - 4) / 2
  }

  /// A number, or the default where it is left out.
  func number<Value: BitwiseCopyable>(_ field: Int, default value: Value) throws -> Value {
    guard let place = try place(of: field) else { return value }
    return try Self.load(Value.self, at: place, of: bytes)
  }

  /// A string; nil where it is left out.
  func string(_ field: Int) throws -> String? {
    guard let place = try place(of: field) else { return nil }
    return try string(at: place)
  }

  /// A vector of strings; empty where it is left out.
  func strings(_ field: Int) throws -> [String] {
    try places(field).map { try string(at: $0) }
  }

  /// A table; nil where it is left out.
  func table(_ field: Int) throws -> FlatTable? {
    guard let place = try place(of: field) else { return nil }
    return try table(at: place)
  }

  /// A vector of tables; empty where it is left out.
  func tables(_ field: Int) throws -> [FlatTable] {
    try places(field).map { try table(at: $0) }
  }

  /// A vector of numbers; empty where it is left out.
  func numbers<Value: BitwiseCopyable>(_ field: Int, of type: Value.Type) throws -> [Value] {
    let size = MemoryLayout<Value>.size
    guard let range = try vector(field, elementSize: size) else { return [] }
    return (0..<range.count / size).map {
      // Safe: the range lies within the bytes.
      bytes.loadUnaligned(fromByteOffset: range.lowerBound + $0 * size, as: Value.self)
    }
  }

  private func table(at place: Int) throws -> FlatTable {
    try FlatTable(
      bytes: bytes, budget: budget, position: Self.target(of: place, in: bytes))
  }

  private func string(at place: Int) throws -> String {
    let range = try vector(at: place, elementSize: 1)
    return String(decoding: bytes[range], as: UTF8.self)
  }

  /// Where the elements of a vector of distances lie.
  private func places(_ field: Int) throws -> [Int] {
    guard let range = try vector(field, elementSize: 4) else { return [] }
    guard range.count / 4 <= ModelFormat.maximumFeatureCount else {
      throw ModelFormatError(
        .tooLarge, "the list is longer than \(ModelFormat.maximumFeatureCount)",
        offset: range.lowerBound)
    }
    return Array(stride(from: range.lowerBound, to: range.upperBound, by: 4))
  }

  private func vector(_ field: Int, elementSize: Int) throws -> Range<Int>? {
    guard let place = try place(of: field) else { return nil }
    return try vector(at: place, elementSize: elementSize)
  }

  private func vector(at place: Int, elementSize: Int) throws -> Range<Int> {
    let start = try Self.target(of: place, in: bytes)
    let size = Int(try Self.load(UInt32.self, at: start, of: bytes)) * elementSize
    guard size <= bytes.count - start - 4 else {
      throw ModelFormatError(
        .malformed, "a list of \(size) bytes does not fit into the file", offset: start)
    }
    budget.bytes -= size
    guard budget.bytes >= 0 else {
      throw ModelFormatError(.malformed, "lists overlap each other", offset: start)
    }
    return start + 4..<start + 4 + size
  }

  private func place(of field: Int) throws -> Int? {
    guard field < fieldCount else { return nil }
    let distance = Int(try Self.load(UInt16.self, at: fields + 4 + 2 * field, of: bytes))
    return distance == 0 ? nil : position + distance
  }

  private static func target(of place: Int, in bytes: UnsafeRawBufferPointer) throws -> Int {
    place + Int(try load(UInt32.self, at: place, of: bytes))
  }

  private static func load<Value: BitwiseCopyable>(
    _ type: Value.Type, at offset: Int, of bytes: UnsafeRawBufferPointer
  ) throws -> Value {
    guard offset >= 0, offset <= bytes.count - MemoryLayout<Value>.size else {
      throw ModelFormatError(
        .malformed, "the file ends before what this place points to", offset: max(offset, 0))
    }
    // Safe: the bytes of the value lie within the buffer.
    return bytes.loadUnaligned(fromByteOffset: offset, as: type)
  }
}
