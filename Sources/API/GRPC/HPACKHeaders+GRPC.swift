import GRPCCore
import NIOHPACK

extension HPACKHeaders {
  /// The head of every answer.
  static let answer: HPACKHeaders = [":status": "200", "content-type": "application/grpc"]

  /// The end of an answer that succeeded.
  static let succeeded: HPACKHeaders = ["grpc-status": "0"]

  /// Adds an id, which no other answer has: not worth a place in the connection's table.
  mutating func add(requestID: String) {
    add(name: "x-request-id", value: requestID, indexing: .nonIndexable)
  }

  /// Adds the end of an answer.
  mutating func add(status: Int, message: String, _ metadata: Metadata) {
    add(name: "grpc-status", value: String(status))
    if !message.isEmpty { add(name: "grpc-message", value: message.percentEncodedForGRPC) }
    add(metadata)
  }

  mutating func add(_ metadata: Metadata) {
    for (name, value) in metadata { add(name: name, value: value.encoded()) }
  }
}

extension Metadata {
  /// The metadata of a call, without what belongs to HTTP/2 itself. Nothing here reads binary values.
  init(_ head: HPACKHeaders) {
    self.init()
    for (name, value, _) in head where !name.hasPrefix(":") && !name.hasSuffix("-bin") {
      addString(value, forKey: name)
    }
  }
}

extension RPCError {
  /// The head of an answer that is this error and nothing else.
  var trailers: HPACKHeaders {
    var trailers = HPACKHeaders.answer
    trailers.add(status: code.rawValue, message: message, metadata)
    return trailers
  }
}

extension String {
  /// Printable ASCII but `%` as it is, all other bytes of UTF-8 as `%XX`.
  fileprivate var percentEncodedForGRPC: String {
    let digits = Array("0123456789ABCDEF".utf8)
    let isPlain: (UInt8) -> Bool = { 0x20...0x7E ~= $0 && $0 != UInt8(ascii: "%") }
    guard !utf8.allSatisfy(isPlain) else { return self }
    return String(
      decoding: utf8.flatMap { byte in
        isPlain(byte)
          ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }, as: UTF8.self)
  }
}
