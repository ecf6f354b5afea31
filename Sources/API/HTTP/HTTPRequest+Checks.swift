import HTTPTypes
import HummingbirdCore
import JSON
import NIOCore

extension HTTPRequest {
  /// The longest time that a caller may ask for, in seconds.
  static var longestWait: Int { 300 }

  /// The first value of a header field, by its name in lower case, which comes from a rule.
  func value(ofHeader name: String) -> String? {
    // To make an `HTTPField.Name` for each request would cost more than to look at all fields.
    headerFields.first { $0.name.canonicalName == name }?.value
  }

  /// Refuses a body that says it is something else than JSON; a request without the field passes.
  func requireJSON() throws {
    guard let type = headerFields.value(of: .contentType), type != "application/json" else {
      return
    }
    let essence = type.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
    guard essence == "application/json" || essence.hasSuffix("+json") else {
      throw Problem(
        status: .unsupportedMediaType, code: "unsupported_media_type",
        detail: "the body is \(essence.jsonQuoted); send Content-Type: application/json",
        field: "Content-Type")
    }
  }

  /// The seconds in `Prefer: wait=` (RFC 7240, 4.3), at most 300.
  var preferredWait: Int? {
    get throws {
      guard headerFields.contains(.prefer) else { return nil }
      let preferences = headerFields[values: .prefer].flatMap { $0.split(separator: ",") }
      for preference in preferences {
        let parts = preference.split(separator: "=", maxSplits: 1).map { $0.filter { $0 != " " } }
        guard parts.first?.lowercased() == "wait" else { continue }
        guard parts.count == 2, let seconds = Int(parts[1]), seconds >= 0 else {
          throw Problem.badRequest(
            "invalid_header", "Prefer: wait= takes a number of seconds", field: "Prefer")
        }
        return min(seconds, Self.longestWait)
      }
      return nil
    }
  }
}

extension HTTPFields {
  /// What `self[name]` is, without joining where there is nothing to join, which most fields would pay for.
  func value(of name: HTTPField.Name) -> String? {
    var value: String?
    for field in self where field.name == name {
      guard value == nil else { return self[name] }
      value = field.value
    }
    return value
  }
}

extension HTTPRequest {
  /// The values in the query, by name.
  ///
  /// - Throws: ``Problem`` for a name that is not known, or given twice.
  func query(_ known: String...) throws -> [String: String] {
    guard let path, path.utf8.contains(UInt8(ascii: "?")) else { return [:] }
    var values: [String: String] = [:]
    for (key, value) in URI(path).queryParameters {
      let name = String(key.prefix(40))
      guard known.contains(String(key)) else {
        throw Problem.badRequest(
          "unknown_parameter",
          "unknown parameter \(name.jsonQuoted); there are \(known.joined(separator: ", "))",
          field: name)
      }
      guard values.updateValue(String(value), forKey: name) == nil else {
        throw Problem.badRequest(
          "invalid_parameter", "the parameter \(name) is given twice", field: name)
      }
    }
    return values
  }
}

extension Request {
  /// The whole body.
  ///
  /// - Throws: ``Problem`` with status 413 as soon as it is known to be larger.
  func collectBody(upTo limit: Int) async throws -> ByteBuffer {
    if let length = headers[.contentLength].flatMap(Int.init), length > limit {
      throw Problem.tooLarge(limit: limit)
    }
    do {
      return try await body.collect(upTo: limit)
    } catch is NIOTooManyBytesError {
      throw Problem.tooLarge(limit: limit)
    }
  }
}

extension HTTPField.Name {
  static let prefer = Self("Prefer")!
  static let preferenceApplied = Self("Preference-Applied")!
  static let requestID = Self("X-Request-Id")!
}
