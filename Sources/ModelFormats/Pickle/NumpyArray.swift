/// An array as numpy pickles it: its type, shape and order, and its bytes as they are in the file.
struct NumpyArray {
  /// The most dimensions that numpy knows.
  static let maximumRank = 32
  /// The values that take as much memory as an array without its elements.
  static let cost = 16

  private(set) var type = NumpyType(kind: "f", size: 8)
  private(set) var shape = [0]
  /// Whether the first index runs fastest.
  private(set) var isFortran = false
  private var bytes: ArraySlice<UInt8> = []
  /// The elements, where they are Python objects.
  private(set) var objects: [PickleValue]?

  /// The number of elements.
  var count: Int { shape.reduce(1, *) }

  /// The bytes of the elements, unless they are Python objects.
  var byteCount: Int { bytes.count }

  /// An empty array.
  init() {}

  /// An array of elements that lie in these bytes; nil when they do not fill it.
  init?(type: NumpyType, shape: [Int], isFortran: Bool, bytes: ArraySlice<UInt8>) {
    guard type.kind != UInt8(ascii: "O"), let count = Self.count(shape),
      count.multipliedReportingOverflow(by: type.size) == (bytes.count, false)
    else { return nil }
    (self.type, self.shape, self.isFortran, self.bytes) = (type, shape, isFortran, bytes)
  }

  /// An array of Python objects; nil when there are more or fewer of them than it has elements.
  init?(type: NumpyType, shape: [Int], isFortran: Bool, values: [PickleValue]) {
    guard Self.count(shape) == values.count else { return nil }
    (self.type, self.shape, self.isFortran, self.objects) = (type, shape, isFortran, values)
  }

  /// The number of elements of a shape; nil when no Int holds it.
  static func count(_ shape: [Int]) -> Int? {
    // Without this, a zero would hide dimensions that overflow before it.
    var count = 1
    for length in shape {
      let product = count.multipliedReportingOverflow(by: max(length, 1))
      guard !product.overflow else { return nil }
      count = product.partialValue
    }
    return shape.contains(0) ? 0 : count
  }

  /// The numbers of an array without fields, in C order; nil when it has others.
  func doubles() -> [Double]? {
    NumpyColumn(type: type, bytes: bytes, offset: 0, stride: type.size, count: count)
      .doubles().map(inCOrder)
  }

  /// The whole numbers of an array without fields, in C order; nil when it has others.
  func integers() -> [Int]? {
    NumpyColumn(type: type, bytes: bytes, offset: 0, stride: type.size, count: count)
      .integers().map(inCOrder)
  }

  /// A field of all elements; nil when there is none of the name.
  func column(_ name: String) -> NumpyColumn? {
    type.fields.first { $0.name == name }.map {
      NumpyColumn(
        type: $0.type, bytes: bytes, offset: $0.offset, stride: type.size, count: count)
    }
  }

  /// The texts of an array of text, also of one without dimensions; nil when it has others.
  func texts() -> [String]? {
    let size = type.size
    guard type.kind == UInt8(ascii: "U") || type.kind == UInt8(ascii: "S") else { return nil }
    guard size > 0 else { return count <= 1 << 20 ? Array(repeating: "", count: count) : nil }
    var texts: [String] = []
    for start in stride(from: bytes.startIndex, to: bytes.endIndex, by: size) {
      guard let text = text(bytes[start..<start + size]) else { return nil }
      texts.append(text)
    }
    return texts
  }

  /// A text of fixed width, which ends with zeros.
  private func text(_ bytes: ArraySlice<UInt8>) -> String? {
    guard type.kind == UInt8(ascii: "U") else {
      let end = bytes.lastIndex { $0 != 0 }.map { $0 + 1 } ?? bytes.startIndex
      return String(validating: bytes[..<end], as: UTF8.self)
    }
    let letters = NumpyColumn(
      type: NumpyType(kind: "u", size: 4, isBigEndian: type.isBigEndian), bytes: bytes, offset: 0,
      stride: 4, count: bytes.count / 4)
    guard var scalars = letters.integers() else { return nil }
    while scalars.last == 0 { scalars.removeLast() }
    var text = String.UnicodeScalarView()
    for value in scalars {
      guard let scalar = Unicode.Scalar(UInt32(value)) else { return nil }
      text.append(scalar)
    }
    return String(text)
  }

  private func inCOrder<Element>(_ values: [Element]) -> [Element] {
    guard isFortran, shape.count > 1 else { return values }
    // The distance in `values` of neighbours along each dimension.
    let strides = shape.indices.map { shape[..<$0].reduce(1, *) }
    var index = [Int](repeating: 0, count: shape.count)
    return values.indices.map { _ in
      let value = values[zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 }]
      for dimension in shape.indices.reversed() {
        index[dimension] += 1
        if index[dimension] < shape[dimension] { break }
        index[dimension] = 0
      }
      return value
    }
  }
}
