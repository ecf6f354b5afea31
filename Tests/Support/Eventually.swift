/// Asks again and again until the answer is yes, for what tells no event; false when the time is up.
public func eventually(
  within limit: Duration = .seconds(20), _ check: () async throws -> Bool
) async rethrows -> Bool {
  let end = ContinuousClock.now + limit
  while ContinuousClock.now < end {
    if try await check() { return true }
    try? await Task.sleep(for: .milliseconds(20))
  }
  return try await check()
}

/// Asks again and again until the answer is yes, or the test's time is up.
public func until(_ check: () async throws -> Bool) async throws {
  while try await !check() {
    try Task.checkCancellation()
    await Task.yield()
  }
}
