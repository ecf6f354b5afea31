import HTTPTypes
import NIOCore

extension HTTPResponse.Status {
  /// The head of a response of HTTP/1.1 whose body has a known size.
  func head(_ fields: HTTPFields, id: String, date: String, size: Int) -> String {
    var text = "HTTP/1.1 "
    text.reserveCapacity(256)
    text += self == .ok ? "200 OK" : "\(code) \(reasonPhrase)"
    // Safe: `HTTPTypes` lets no name, value or phrase have line ends.
    for field in fields { text.append(field.name.rawName, field.value) }
    text.append("Content-Length", String(size))
    text.append(HTTPField.Name.requestID.rawName, id)
    text.append("Date", date)
    text += "\r\n\r\n"
    return text
  }
}

extension String {
  fileprivate mutating func append(_ name: String, _ value: String) {
    self += "\r\n"
    self += name
    self += ": "
    self += value
  }
}
