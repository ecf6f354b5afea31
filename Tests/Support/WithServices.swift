public import Logging
public import ServiceLifecycle

/// Runs services for as long as the body runs, then shuts them down gracefully, last one first.
public func withServices<Result: Sendable>(
  _ services: [any Service], logger: Logger = .quiet,
  _ body: @Sendable () async throws -> Result
) async throws -> Result {
  let group = ServiceGroup(
    configuration: ServiceGroupConfiguration(services: services, logger: logger))
  return try await withThrowingTaskGroup(of: Void.self) { tasks in
    tasks.addTask { try await group.run() }
    do {
      let result = try await body()
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
      return result
    } catch {
      await group.triggerGracefulShutdown()
      try? await tasks.waitForAll()
      throw error
    }
  }
}

extension Logger {
  /// A logger that says nothing.
  public static var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
