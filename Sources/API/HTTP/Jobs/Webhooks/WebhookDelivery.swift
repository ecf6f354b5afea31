public import CoreMetrics
import Crypto
public import Jobs
public import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
public import ServiceLifecycle

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Tells the webhooks of jobs that they are over.
///
/// A post is signed as the Standard Webhooks specification has it (`webhook-id`, `webhook-timestamp`,
/// `webhook-signature: v1,` and the Base64 of HMAC-SHA256 over `id.timestamp.body`). It is tried again
/// with growing pauses until an answer of 2xx comes or ``maximumAge`` has passed. Which jobs are still
/// to be told stands in the queue, so it survives the process; a receiver may get a post twice.
///
/// - `coppice_webhooks_total{result}`: posts that were `delivered`, are to be `retried`, or `given_up`.
public struct WebhookDelivery: Service {
  /// How long after the end of a job its webhook is given up.
  static let maximumAge: Duration = .seconds(12 * 3600)

  private let queue: any DurableJobQueue
  private let secret: SymmetricKey
  private let client: WebhookClient
  private let pause: Duration
  private let factory: any MetricsFactory
  private let logger: Logger

  /// A delivery for the jobs of this queue; any number of processes may run one.
  ///
  /// - Parameters:
  ///   - secret: what posts are signed with.
  ///   - allowsPrivate: whether posts may go to private networks and to this machine.
  ///   - pause: how often the queue is asked for what is due.
  public init(
    _ queue: any DurableJobQueue, secret: String, allowsPrivate: Bool = false,
    pause: Duration = .milliseconds(500), metrics factory: any MetricsFactory, logger: Logger
  ) {
    self.queue = queue
    self.secret = SymmetricKey(data: Array(secret.utf8))
    self.client = WebhookClient(allowsPrivate: allowsPrivate, timeout: .seconds(10))
    self.pause = pause
    self.factory = factory
    self.logger = logger
  }

  /// Delivers until the service is shut down.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        if let due = try? await queue.takeWebhooks(lease: .seconds(30)), !due.isEmpty {
          await withDiscardingTaskGroup { group in
            for id in due { group.addTask { await deliver(id) } }
          }
        } else {
          try? await Task.sleep(for: pause)
        }
      }
    }
  }

  private func deliver(_ id: JobID) async {
    do {
      let record = try await queue.record(of: id)
      try await tell(record)
      try await queue.settleWebhook(id, retryAfter: nil)
      count("delivered")
    } catch let error as JobError where error.code == .unknown {
      try? await queue.settleWebhook(id, retryAfter: nil)
    } catch {
      await fail(id, error)
    }
  }

  private func fail(_ id: JobID, _ error: any Error) async {
    let finished = (try? await queue.record(of: id))?.finished ?? .now
    let age = Duration.milliseconds(
      max(0, Deadline.now.unixMilliseconds - finished.unixMilliseconds))
    let isFinal = (error as? WebhookClient.Failure)?.isFinal ?? false
    // Half as long again as it took so far, with jitter: 1 s, then 2 to 4 s, and so on.
    let delay = min(max(.seconds(1), age * Double.random(in: 0.5...1.5)), .seconds(3600))
    let isOver = isFinal || age > Self.maximumAge
    logger.warning(
      isOver ? "webhook given up" : "webhook failed; trying again",
      metadata: ["job": "\(id)", "reason": "\(error)", "delay": "\(delay)"])
    count(isOver ? "given_up" : "retried")
    try? await queue.settleWebhook(id, retryAfter: isOver ? nil : delay)
  }

  private func tell(_ record: JobRecord) async throws {
    let url: WebhookURL
    do throws(WebhookURL.Fault) {
      url = try WebhookURL(record.webhook)
    } catch {
      throw WebhookClient.Failure(description: "\(error)", isFinal: true)
    }
    let body = JobStatus(record).json
    let timestamp = Deadline.now.unixMilliseconds / 1000
    let signature = HMAC<SHA256>.authenticationCode(
      for: Array("\(record.id).\(timestamp).\(body)".utf8), using: secret)
    let headers: HTTPHeaders = [
      "Content-Type": "application/json", "User-Agent": "coppice", "webhook-id": "\(record.id)",
      "webhook-timestamp": "\(timestamp)",
      "webhook-signature": "v1,\(Data(signature).base64EncodedString())",
    ]
    let status = try await client.post(ByteBuffer(string: body), headers: headers, to: url)
    guard 200..<300 ~= status.code else {
      throw WebhookClient.Failure(description: "\(url.authority) answered \(status.code)")
    }
  }

  private func count(_ result: String) {
    Counter(
      label: "coppice_webhooks_total", dimensions: [("result", result)], factory: factory
    ).increment()
  }
}
