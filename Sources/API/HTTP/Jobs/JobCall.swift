import Crypto
import HTTPTypes
import HummingbirdCore
import JSON
import Jobs
import NIOCore
import Serving

/// What a request for a job asks for, body aside.
///
/// `?priority=`, `?timeout=` and `?webhook=` are the job's own, all other parameters those of
/// `/api/predict`. The header fields `Idempotency-Key` and `X-Tenant` say which requests are the same
/// and whose job it is.
struct JobCall {
  /// What kind of body there is.
  enum Body: String { case json, tensors, csv, ndjson }

  let predict: PredictCall
  let body: Body
  /// When the job expires.
  var deadline: Deadline
  private let priority: JobPriority?
  private let tenant: String
  private let webhook: String
  private let key: String?
  private var hash = SHA256()

  /// Reads the head of a request.
  ///
  /// - Parameter model: the model that the path of an inference names.
  init(
    _ head: HTTPRequest, catalog: ModelCatalog, service: JobService,
    model: (name: String, version: String?)? = nil
  ) throws {
    let query = JobQuery(head)
    if model != nil { try query.allow(Self.ownParameters) }
    body = model == nil ? try Self.body(head) : .tensors
    var plain = head
    plain.path = Self.withoutOwnParameters(head.path ?? "")
    // What it says of the type of any other body was read already.
    if body != .json { plain.headerFields[.contentType] = nil }
    predict = try PredictCall(
      plain, catalog: catalog, timeout: service.configuration.timeout, model: model)
    guard body != .csv || predict.reasonCount ?? 0 == 0 else {
      throw Problem.badRequest(
        "invalid_parameter",
        "a table of CSV has no place for reasons; send application/x-ndjson, or leave out top_k",
        field: "top_k")
    }
    priority = try query["priority"].map { text in
      guard let priority = JobPriority(rawValue: text) else {
        throw Problem.badRequest(
          "wrong_type", "priority must be interactive, normal or bulk", field: "priority")
      }
      return priority
    }
    let limit = Int(service.configuration.maximumTimeout.components.seconds)
    let timeout = try query.seconds("timeout", upTo: limit)
    deadline = .after(timeout.map { .seconds($0) } ?? service.configuration.timeout)
    webhook = try Self.webhook(query["webhook"], service.configuration)
    tenant = try Self.word(head, .tenant) ?? "default"
    key = try Self.word(head, .idempotencyKey)
    // The same key for another model or priority is another request.
    let request = [
      plain.path ?? "", priority?.rawValue ?? "", webhook, body.rawValue,
      head.headerFields[V2Request.jsonLengthField] ?? "",
    ]
    hash.update(data: Array((request.joined(separator: "\n") + "\n").utf8))
  }

  /// Takes note of bytes of the body.
  mutating func note(_ bytes: ByteBuffer) {
    guard key != nil else { return }
    bytes.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
  }

  /// The job, once the whole body was noted.
  func job(_ context: JobContext) -> DurableJob {
    let digest = hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    return DurableJob(
      priority: priority ?? (isTable ? .bulk : .normal), tenant: tenant, deadline: deadline,
      context: context.text, webhook: webhook,
      idempotency: key.map { .init(key: $0, hash: digest) })
  }

  /// Whether the body is many rows, which are never in memory as a whole.
  var isTable: Bool { body == .csv || body == .ndjson }

  private static func body(_ head: HTTPRequest) throws -> Body {
    if head.headerFields.contains(V2Request.jsonLengthField) { return .tensors }
    let essence = (head.headerFields[.contentType] ?? "application/json").prefix { $0 != ";" }
      .filter { $0 != " " }.lowercased()
    switch essence {
    case "text/csv": return .csv
    case "application/x-ndjson", "application/ndjson", "application/jsonl",
      "application/x-jsonlines", "application/jsonlines":
      return .ndjson
    case "application/json": return .json
    case "application/octet-stream": return .tensors
    case let other where other.hasSuffix("+json"): return .json
    default:
      throw Problem(
        status: .unsupportedMediaType, code: "unsupported_media_type",
        detail: "the body is \(essence.prefix(80).description.jsonQuoted); send application/json, "
          + "text/csv, application/x-ndjson, or tensors as application/octet-stream",
        field: "Content-Type")
    }
  }

  private static let ownParameters = ["priority", "timeout", "webhook"]

  private static func withoutOwnParameters(_ path: String) -> String {
    guard let question = path.firstIndex(of: "?") else { return path }
    let rest = path[question...].dropFirst().split(separator: "&").filter { pair in
      !ownParameters.contains(String(pair.prefix { $0 != "=" }))
    }
    return path[..<question] + (rest.isEmpty ? "" : "?" + rest.joined(separator: "&"))
  }

  private static func webhook(
    _ text: String?, _ configuration: JobService.Configuration
  ) throws -> String {
    guard let text else { return "" }
    guard configuration.takesWebhooks else {
      throw Problem.badRequest(
        "no_webhooks", "this server calls no webhooks: it was started without --webhook-secret",
        field: "webhook")
    }
    do throws(WebhookURL.Fault) {
      _ = try WebhookURL(text)
    } catch {
      throw Problem.badRequest(
        "invalid_webhook", "the webhook is no URL: \(error)", field: "webhook")
    }
    return text
  }

  /// A header field that becomes a part of a name.
  private static func word(_ head: HTTPRequest, _ name: HTTPField.Name) throws -> String? {
    guard let text = head.headerFields[name] else { return nil }
    guard 1...255 ~= text.utf8.count, text.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
      throw Problem.badRequest(
        "invalid_header", "\(name) must be 1 to 255 printable ASCII characters without spaces",
        field: "\(name)")
    }
    return text
  }
}

extension HTTPField.Name {
  static let tenant = Self("X-Tenant")!
  static let idempotencyKey = Self("Idempotency-Key")!
}
