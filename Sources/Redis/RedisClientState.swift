/// What a ``RedisClient`` knows: its connection, or why there is none, and who waits for one.
struct RedisClientState {
  typealias Waiter = CheckedContinuation<Bool, Never>

  private(set) var connection: RedisConnection?
  private(set) var reason: RedisError?
  private(set) var clockOffset: Int64 = 0
  private var isStopped = false
  private var waiters: [Int: Waiter] = [:]
  private var waiterCount = 0

  mutating func connected(_ connection: RedisConnection) -> [Waiter] {
    self.connection = connection
    clockOffset = connection.clockOffset
    reason = nil
    return removeWaiters()
  }

  mutating func disconnected(_ reason: RedisError) {
    connection = nil
    self.reason = reason
  }

  mutating func stopped() -> [Waiter] {
    isStopped = true
    connection = nil
    reason = RedisError(.closed, "the Redis client was stopped")
    return removeWaiters()
  }

  mutating func nextWaiter() -> Int {
    waiterCount += 1
    return waiterCount
  }

  /// Takes a waiter, or answers it now.
  mutating func wait(_ id: Int, _ waiter: Waiter, isCancelled: Bool) -> Bool? {
    if connection != nil { return true }
    if isStopped || isCancelled { return false }
    waiters[id] = waiter
    return nil
  }

  mutating func cancel(_ id: Int) -> Waiter? { waiters.removeValue(forKey: id) }

  private mutating func removeWaiters() -> [Waiter] {
    defer { waiters = [:] }
    return Array(waiters.values)
  }
}
