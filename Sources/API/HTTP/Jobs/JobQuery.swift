import HTTPTypes
import HummingbirdCore
import JSON

/// What the URL of a request about jobs asks for.
struct JobQuery {
  private var values: [String: String] = [:]

  init(_ head: HTTPRequest) {
    let path = head.path ?? ""
    guard path.utf8.contains(UInt8(ascii: "?")) else { return }
    for (key, value) in URI(path).queryParameters { values[String(key)] = String(value) }
  }

  subscript(key: String) -> String? { values[key] }

  /// Refuses parameters that nobody reads.
  func allow(_ known: [String]) throws {
    guard let unknown = values.keys.first(where: { !known.contains($0) }) else { return }
    let key = String(unknown.prefix(40))
    throw Problem.badRequest(
      "unknown_parameter",
      "unknown parameter \(key.jsonQuoted); there are \(known.joined(separator: ", "))", field: key)
  }

  func integer(_ key: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let text = values[key] else { return nil }
    guard let value = Int(text), range.contains(value) else {
      throw Problem.badRequest(
        "wrong_type",
        "\(key) must be a whole number from \(range.lowerBound) to \(range.upperBound)", field: key)
    }
    return value
  }

  /// A number of seconds, with or without the unit: `30`, `30s`, `1.5s`.
  func seconds(_ key: String, upTo limit: Int) throws -> Double? {
    guard let text = values[key] else { return nil }
    let number = text.hasSuffix("s") ? text.dropLast() : text[...]
    guard let seconds = Double(number), seconds >= 0, seconds.isFinite else {
      throw Problem.badRequest(
        "wrong_type", "\(key) must be a number of seconds, such as 30s", field: key)
    }
    return min(seconds, Double(limit))
  }
}
