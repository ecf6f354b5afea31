import Forest
import JSON

/// What the reader of a model asks of a document, whether JSON or UBJSON.
///
/// The caller asks for the value that it expects to come next; anything else is an error. Objects
/// and arrays are scopes: the closure reads exactly one value each time it is called.
protocol DocumentScanner: ~Copyable {
  mutating func object(_ member: (String, inout Self) throws -> Void) throws
  mutating func array(_ element: (Int, inout Self) throws -> Void) throws
  mutating func string() throws -> String
  mutating func integer() throws -> Int
  /// Reads an array of numbers and appends them.
  mutating func floats(into values: inout [Float]) throws
  /// Reads an array of whole numbers and appends them.
  mutating func integers(into values: inout [Int32]) throws
  /// Reads an array of booleans, or of numbers that stand for them, and appends them.
  mutating func flags(into values: inout [Bool]) throws
  mutating func skip() throws
}

extension DocumentScanner where Self: ~Copyable {
  /// Reads an object; an error inside a member tells the member's path.
  mutating func fields(_ member: (String, inout Self) throws -> Void) throws {
    try object { key, scanner in
      do {
        try member(key, &scanner)
      } catch {
        throw ModelFormatError(wrapping: error).inside(key)
      }
    }
  }

  /// Reads an array; an error inside an element tells the element's path.
  mutating func elements(_ element: (Int, inout Self) throws -> Void) throws {
    try array { index, scanner in
      do {
        try element(index, &scanner)
      } catch {
        throw ModelFormatError(wrapping: error).inside("[\(index)]")
      }
    }
  }

  mutating func strings() throws -> [String] {
    var strings: [String] = []
    try elements { _, scanner in strings.append(try scanner.string()) }
    return strings
  }

  /// Reads a whole number that is written as a string, as XGBoost writes its parameters.
  mutating func parameter() throws -> Int {
    let text = try string()
    guard let value = Int(text) else {
      throw ModelFormatError(.malformed, "expected a whole number, found \(text.quoted)")
    }
    return value
  }
}

extension JSONScanner: DocumentScanner {
  mutating func flags(into values: inout [Bool]) throws {
    try array { _, json in
      values.append(try json.kind() == .bool ? json.bool() : json.integer() != 0)
    }
  }
}

extension ModelFormatError {
  /// Makes one of what reading may throw.
  init(wrapping error: any Error) {
    switch error {
    case let error as ModelFormatError: self = error
    case let error as JSONError:
      self.init(.malformed, error.message, offset: error.offset)
    case let error as ForestError:
      self.init(.malformed, error.node.map { "node \($0): " + error.message } ?? error.message)
      path = "learner.gradient_booster.model.trees" + (error.tree.map { "[\($0)]" } ?? "")
    default: self.init(.malformed, "\(error)")
    }
  }
}

extension String {
  /// At most 200 characters of the text, those that are not for print replaced, for messages.
  var shown: String {
    let text = prefix(200).map { $0.isASCII && ($0 < " " || $0 == "\u{7F}") ? "?" : $0 }
    return String(text) + (count > 200 ? "…" : "")
  }

  /// At most 40 characters of the text between quotation marks, for messages.
  var quoted: String {
    count > 40 ? "\"\(prefix(40))…\"" : "\"\(self)\""
  }
}
