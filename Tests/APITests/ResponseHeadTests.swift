import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import Testing

@testable import API

@Suite("Heads of responses, beside NIO's")
struct ResponseHeadTests {
  // Not 413, which has a newer phrase here than NIO's.
  private static let statuses: [HTTPResponse.Status] = [
    .ok, .badRequest, .notFound, .unsupportedMediaType, .tooManyRequests, .internalServerError,
    .notImplemented, .serviceUnavailable, .gatewayTimeout,
    .init(code: 499, reasonPhrase: "Client Closed Request"),
  ]

  @Test("a head has the same bytes", arguments: statuses)
  func heads(status: HTTPResponse.Status) throws {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT"
    var fields: HTTPFields = [
      .contentType: "application/json", .retryAfter: "1", .vary: "Accept-Encoding",
    ]
    fields.append(HTTPField(name: .vary, value: "Accept"))
    fields.append(HTTPField(name: .allow, value: "a\r\nb: c"))

    let channel = EmbeddedChannel(handlers: [
      HTTPResponseEncoder(), HTTP1ToHTTPServerCodec(secure: false),
    ])
    var all = fields
    all[.contentLength] = "12"
    all[.requestID] = "id"
    all[.date] = date
    try channel.writeOutbound(HTTPResponsePart.head(.init(status: status, headerFields: all)))
    let expected = try channel.readOutbound(as: ByteBuffer.self).map { String(buffer: $0) }

    #expect(status.head(fields, id: "id", date: date, size: 12) == expected)
    _ = try channel.finish()
  }
}
