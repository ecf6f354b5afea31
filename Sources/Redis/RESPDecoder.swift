import NIOCore

/// Why bytes are not RESP3.
struct RESPError: Error, Equatable, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}

/// Reads RESP3 as it comes in.
///
/// Every byte is looked at once however the reply is cut into reads, and memory grows only with
/// bytes that really came, never with a length that was merely announced. A string that came in
/// one read shares that read's memory. Streamed kinds (`$?`, `*?`), which Redis does not send, are
/// refused. Source: the RESP3 specification in Redis's documentation.
///
/// ```swift
/// decoder.feed(bytes)
/// while let value = try decoder.next() { ... }
/// ```
struct RESPDecoder {
  /// What a reply may be at most; more is an error.
  struct Limits {
    var depth = 16
    var elements = 1 << 20
    var blobBytes = 64 << 20
    var lineBytes = 64 << 10
  }

  private struct Aggregate {
    enum Kind { case array, map, push, attribute }
    let kind: Kind
    let count: Int
    var values: [RESPValue] = []
  }

  private struct Blob {
    let marker: UInt8
    /// What is missing, the line end included.
    var missing: Int
    var bytes: ByteBuffer
  }

  private enum Step { case value(RESPValue), opened, needsMore }

  /// Up to how much place is made for a string that comes in several reads, so that it is not moved.
  private static let reservedBytes = 4 << 20

  private let limits: Limits
  private var buffer = ByteBuffer()
  /// Bytes of the buffer that are known to hold no line end.
  private var searched = 0
  private var blob: Blob?
  private var stack: [Aggregate] = []
  private var elementCount = 0

  init(limits: Limits = Limits()) {
    self.limits = limits
  }

  /// Takes bytes; `next` must have returned `nil` since the last time.
  mutating func feed(_ bytes: ByteBuffer) {
    if buffer.readableBytes == 0 {
      buffer = bytes
    } else {
      buffer.writeImmutableBuffer(bytes)
    }
  }

  /// The next whole value, or `nil` when more bytes are needed.
  mutating func next() throws(RESPError) -> RESPValue? {
    while true {
      switch try step() {
      case .opened: continue
      case .value(let value):
        if let whole = close(value) {
          elementCount = 0
          return whole
        }
      case .needsMore:
        keepRest()
        return nil
      }
    }
  }

  /// Lets go of the read that the rest is a small part of, so that appending need not copy it.
  private mutating func keepRest() {
    if buffer.readableBytes == 0 {
      buffer = ByteBuffer()
    } else if buffer.readerIndex > 0 {
      buffer = ByteBuffer(bytes: buffer.readableBytesView)
    }
  }

  /// Puts a finished value where it belongs, and returns it if it is a whole reply.
  private mutating func close(_ value: RESPValue) -> RESPValue? {
    var value = value
    while let last = stack.indices.last {
      stack[last].values.append(value)
      guard stack[last].values.count == stack[last].count else { return nil }
      let finished = stack.removeLast()
      switch finished.kind {
      case .array: value = .array(finished.values)
      case .map: value = .map(finished.values)
      case .push: value = .push(finished.values)
      case .attribute: return nil
      }
    }
    return value
  }

  private mutating func step() throws(RESPError) -> Step {
    if blob != nil { return try continueBlob() }
    guard var line = try readLine() else { return .needsMore }
    guard let marker: UInt8 = line.readInteger() else { throw RESPError("an empty line") }
    switch marker {
    case UInt8(ascii: "+"), UInt8(ascii: "("): return .value(.string(line))
    case UInt8(ascii: "-"): return .value(.error(String(buffer: line)))
    case UInt8(ascii: ":"): return .value(.integer(try integer(line)))
    case UInt8(ascii: "_"): return .value(.null)
    case UInt8(ascii: "#"):
      switch line.readInteger(as: UInt8.self) {
      case UInt8(ascii: "t"): return .value(.boolean(true))
      case UInt8(ascii: "f"): return .value(.boolean(false))
      default: throw RESPError("a boolean that is neither t nor f")
      }
    case UInt8(ascii: ","):
      guard let value = Double(String(buffer: line)) else {
        throw RESPError("a double that is not a number")
      }
      return .value(.double(value))
    case UInt8(ascii: "$"), UInt8(ascii: "!"), UInt8(ascii: "="):
      return try openBlob(marker, length: integer(line))
    case UInt8(ascii: "*"), UInt8(ascii: "~"): return try open(.array, count: integer(line))
    case UInt8(ascii: "%"): return try open(.map, count: integer(line))
    case UInt8(ascii: ">"): return try open(.push, count: integer(line))
    case UInt8(ascii: "|"): return try open(.attribute, count: integer(line))
    default: throw RESPError("no kind of value has the marker \(marker)")
    }
  }

  private mutating func readLine() throws(RESPError) -> ByteBuffer? {
    let view = buffer.readableBytesView
    guard let end = view.dropFirst(searched).firstIndex(of: UInt8(ascii: "\n")) else {
      searched = view.count
      guard searched <= limits.lineBytes else {
        throw RESPError("a line of more than \(limits.lineBytes) bytes")
      }
      return nil
    }
    searched = 0
    let length = end - view.startIndex
    guard length > 0, length <= limits.lineBytes, view[end - 1] == UInt8(ascii: "\r"),
      let line = buffer.readSlice(length: length - 1)
    else { throw RESPError("a line that does not end with CR LF, or is too long") }
    buffer.moveReaderIndex(forwardBy: 2)
    return line
  }

  private func integer(_ line: ByteBuffer) throws(RESPError) -> Int {
    guard let value = Int(String(buffer: line)) else {
      throw RESPError("a whole number or length that is none")
    }
    return value
  }

  private mutating func open(
    _ kind: Aggregate.Kind, count: Int
  ) throws(RESPError) -> Step {
    if count == -1, kind == .array { return .value(.null) }
    guard count >= 0, count <= limits.elements else {
      throw RESPError("a collection of \(count) elements")
    }
    let values = kind == .map || kind == .attribute ? count * 2 : count
    elementCount += values
    guard elementCount <= limits.elements else {
      throw RESPError("a reply of more than \(limits.elements) elements")
    }
    if values == 0 {
      switch kind {
      case .array: return .value(.array([]))
      case .map: return .value(.map([]))
      case .push: return .value(.push([]))
      case .attribute: return .opened
      }
    }
    guard stack.count < limits.depth else {
      throw RESPError("collections nested more than \(limits.depth) deep")
    }
    stack.append(Aggregate(kind: kind, count: values))
    return .opened
  }

  private mutating func openBlob(_ marker: UInt8, length: Int) throws(RESPError) -> Step {
    if length == -1, marker == UInt8(ascii: "$") { return .value(.null) }
    guard length >= 0, length <= limits.blobBytes else {
      throw RESPError("a string of \(length) bytes")
    }
    if let bytes = buffer.readSlice(length: length + 2) {
      return .value(try finish(marker, bytes))
    }
    // Place that nothing is written to takes no memory.
    let bytes = ByteBufferAllocator().buffer(capacity: min(length + 2, Self.reservedBytes))
    blob = Blob(marker: marker, missing: length + 2, bytes: bytes)
    return try continueBlob()
  }

  private mutating func continueBlob() throws(RESPError) -> Step {
    guard var blob = blob.take() else { return .needsMore }
    let length = min(blob.missing, buffer.readableBytes)
    if var piece = buffer.readSlice(length: length) {
      blob.missing -= length
      blob.bytes.writeBuffer(&piece)
    }
    if blob.missing == 0 { return .value(try finish(blob.marker, blob.bytes)) }
    self.blob = blob
    return .needsMore
  }

  /// Takes the line end off a blob, which must have one.
  private func finish(_ marker: UInt8, _ bytes: ByteBuffer) throws(RESPError) -> RESPValue {
    var bytes = bytes
    let end = bytes.writerIndex - 2
    guard bytes.getInteger(at: end, as: UInt16.self) == 0x0D0A else {
      throw RESPError("a string that is longer than announced")
    }
    bytes.moveWriterIndex(to: end)
    switch marker {
    case UInt8(ascii: "!"): return .error(String(buffer: bytes))
    case UInt8(ascii: "="):
      guard bytes.readableBytes >= 4 else { throw RESPError("a verbatim string without a kind") }
      bytes.moveReaderIndex(forwardBy: 4)
      return .string(bytes)
    default: return .string(bytes)
    }
  }
}
