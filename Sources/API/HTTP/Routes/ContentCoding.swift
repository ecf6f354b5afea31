import CZlib
import HTTPTypes
import NIOCore

/// A compression of bodies (RFC 9110, 8.4.1), done by the system's zlib.
enum ContentCoding: String, Sendable {
  case gzip
  /// A zlib stream (RFC 1950).
  case deflate

  /// Smaller answers are not worth it.
  static let smallestAnswer = 4096

  /// zlib's window: 15 bits, and 16 more for the wrapping of gzip.
  private var windowBits: Int32 { self == .gzip ? 31 : 15 }

  /// The body of a request without its compression.
  ///
  /// - Parameter limit: the most bytes that may come of it; no bomb gets further.
  /// - Throws: ``Problem``.
  static func decoded(_ body: ByteBuffer, _ head: HTTPRequest, limit: Int) throws -> ByteBuffer {
    guard let name = head.headerFields[.contentEncoding], name.lowercased() != "identity" else {
      return body
    }
    guard let coding = ContentCoding(rawValue: name.lowercased()) else {
      throw Problem(
        status: .unsupportedMediaType, code: "unsupported_media_type",
        detail: "Content-Encoding may be gzip or deflate, one of them", field: "Content-Encoding",
        headers: [.acceptEncoding: "gzip, deflate"])
    }
    return try coding.decompress(body, limit: limit)
  }

  /// The answer compressed, if the client asks for it and it is worth it.
  static func encoded(_ answer: RouteAnswer, _ head: HTTPRequest) -> RouteAnswer {
    guard answer.body.readableBytes >= smallestAnswer,
      let accepted = head.headerFields[.acceptEncoding]?.lowercased(),
      let coding = [gzip, deflate].first(where: { $0.isAccepted(by: accepted) }),
      let body = coding.compress(answer.body)
    else { return answer }
    var answer = answer
    answer.body = body
    answer.headers[.contentEncoding] = coding.rawValue
    answer.headers[.vary] = "Accept-Encoding"
    return answer
  }

  private func isAccepted(by field: String) -> Bool {
    field.split(separator: ",").contains { element in
      let parts = element.split(separator: ";").map { $0.filter { $0 != " " } }
      return parts.first == rawValue
        && !parts.dropFirst().contains { ["q=0", "q=0.0"].contains($0) }
    }
  }

  private func decompress(_ body: ByteBuffer, limit: Int) throws -> ByteBuffer {
    var stream = z_stream()
    guard
      inflateInit2_(&stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { throw Problem.damaged }
    defer { inflateEnd(&stream) }
    var output = ByteBuffer()
    output.reserveCapacity(min(limit, max(4096, body.readableBytes * 4)))
    var status = Z_OK
    try body.withUnsafeReadableBytes { input in
      guard let start = input.baseAddress else { throw Problem.damaged }
      // Safe: zlib reads its input only, and this closure outlives the stream's use of it.
      stream.next_in = UnsafeMutablePointer(
        mutating: start.assumingMemoryBound(to: UInt8.self))
      stream.avail_in = UInt32(input.count)
      repeat {
        let room = min(limit - output.readableBytes + 1, 1 << 16)
        let written = output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { target in
          stream.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
          stream.avail_out = UInt32(room)
          status = inflate(&stream, Z_NO_FLUSH)
          return room - Int(stream.avail_out)
        }
        guard output.readableBytes <= limit else { throw Problem.tooLarge(limit: limit) }
        guard status == Z_STREAM_END || status == Z_OK && (written > 0 || stream.avail_in > 0)
        else { throw Problem.damaged }
      } while status != Z_STREAM_END
    }
    return output
  }

  private func compress(_ body: ByteBuffer) -> ByteBuffer? {
    var stream = z_stream()
    guard
      deflateInit2_(
        &stream, 1, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { return nil }
    defer { deflateEnd(&stream) }
    let bound = Int(deflateBound(&stream, UInt(body.readableBytes)))
    var output = ByteBuffer()
    var status = Z_OK
    body.withUnsafeReadableBytes { input in
      guard let start = input.baseAddress else { return }
      output.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { target in
        // Safe: as above; the bound is enough for all of it in one call.
        stream.next_in = UnsafeMutablePointer(
          mutating: start.assumingMemoryBound(to: UInt8.self))
        stream.avail_in = UInt32(input.count)
        stream.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.avail_out = UInt32(bound)
        status = CZlib.deflate(&stream, Z_FINISH)
        return bound - Int(stream.avail_out)
      }
    }
    return status == Z_STREAM_END ? output : nil
  }
}

extension Problem {
  fileprivate static var damaged: Problem {
    .badRequest(
      "invalid_body", "the body is not what its Content-Encoding says", field: "Content-Encoding")
  }
}
