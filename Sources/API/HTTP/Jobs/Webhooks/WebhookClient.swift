import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Posts to a webhook over a connection of its own.
///
/// The name is looked up once, every address is checked, and the connection goes to the address that
/// was checked: what the name says a moment later does not matter. Redirects are not followed.
struct WebhookClient: Sendable {
  /// Why a post did not get through.
  struct Failure: Error, CustomStringConvertible {
    let description: String
    /// Whether it makes sense to try again.
    var isFinal = false
  }

  let allowsPrivate: Bool
  let timeout: TimeAmount

  /// Posts, and returns the status of the answer.
  func post(
    _ body: ByteBuffer, headers: HTTPHeaders, to url: WebhookURL
  ) async throws -> HTTPResponseStatus {
    let address = try await address(of: url)
    let group = MultiThreadedEventLoopGroup.singleton
    let loop = group.next()
    let promise = loop.makePromise(of: HTTPResponseStatus.self)
    let (host, isSecure) = (url.host, url.isSecure)
    var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: url.path, headers: headers)
    head.headers.replaceOrAdd(name: "Host", value: url.authority)
    head.headers.replaceOrAdd(name: "Content-Length", value: "\(body.readableBytes)")
    head.headers.replaceOrAdd(name: "Connection", value: "close")
    let channel: any Channel
    do {
      channel = try await ClientBootstrap(group: loop)
        .connectTimeout(timeout)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            if isSecure {
              let context = try NIOSSLContext(configuration: .makeClientConfiguration())
              // An address has no name to be asked for, but is checked against the certificate.
              let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
              try pipeline.addHandler(
                NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host))
            }
            try pipeline.addHTTPClientHandlers()
            try pipeline.addHandler(WebhookAnswerHandler(promise))
          }
        }
        .connect(to: address).get()
    } catch {
      promise.fail(error)
      throw Failure(description: "cannot connect to \(url.authority): \(error)")
    }
    let limit = loop.scheduleTask(in: timeout) {
      promise.fail(Failure(description: "\(url.authority) did not answer in time"))
    }
    channel.write(HTTPClientRequestPart.head(head), promise: nil)
    channel.write(HTTPClientRequestPart.body(.byteBuffer(body)), promise: nil)
    channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
    defer {
      limit.cancel()
      channel.close(promise: nil)
    }
    return try await promise.futureResult.get()
  }

  /// Looks the host up; the address that is found must be one that may be called.
  private func address(of url: WebhookURL) async throws -> SocketAddress {
    let address: SocketAddress
    do {
      address = try await NIOThreadPool.singleton.runIfActive {
        try SocketAddress.makeAddressResolvingHost(url.host, port: url.port)
      }
    } catch {
      throw Failure(description: "the host \(url.host) cannot be resolved")
    }
    guard allowsPrivate || address.isPublic else {
      throw Failure(
        description:
          "\(url.host) is not on the public internet; --allow-private-webhooks lets it in",
        isFinal: true)
    }
    return address
  }
}

/// Waits for the head of the answer; the rest does not matter.
private final class WebhookAnswerHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart

  private let promise: EventLoopPromise<HTTPResponseStatus>

  init(_ promise: EventLoopPromise<HTTPResponseStatus>) {
    self.promise = promise
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if case .head(let head) = unwrapInboundIn(data), head.status.code >= 200 {
      promise.succeed(head.status)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    promise.fail(error)
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    promise.fail(WebhookClient.Failure(description: "the connection ended without an answer"))
  }
}
