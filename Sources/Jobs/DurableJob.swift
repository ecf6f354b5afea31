/// What is known of a job that is to outlive its request.
public struct DurableJob: Sendable, Equatable {
  /// How urgent it is.
  public var priority: JobPriority
  /// Whose it is; clients share the queue fairly by this name.
  public var tenant: String
  /// After it nothing is computed any more.
  public var deadline: Deadline
  /// What the owner has to know to read the result; the queue does not look into it.
  public var context: String
  /// Where to say that the job is over; empty for nowhere.
  public var webhook: String
  /// What makes a second, identical request the same job.
  public var idempotency: Idempotency?

  /// A job.
  public init(
    priority: JobPriority = .normal, tenant: String = "default", deadline: Deadline,
    context: String = "", webhook: String = "", idempotency: Idempotency? = nil
  ) {
    self.priority = priority
    self.tenant = tenant
    self.deadline = deadline
    self.context = context
    self.webhook = webhook
    self.idempotency = idempotency
  }

  /// The client's key for a request, and what tells requests apart.
  public struct Idempotency: Sendable, Equatable {
    /// The client's key; unique within a tenant.
    public var key: String
    /// A hash of everything that the request asks for.
    public var hash: String

    /// A key with the hash of its request.
    public init(key: String, hash: String) {
      self.key = key
      self.hash = hash
    }
  }
}

/// What became of a request for a durable job.
public struct AcceptedJob: Sendable, Equatable {
  /// The job's name.
  public let id: JobID
  /// False when the same request had been accepted before.
  public let isNew: Bool
}
