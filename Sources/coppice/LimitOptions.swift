import ArgumentParser
import Serving

/// How much a server takes at once.
struct LimitOptions: ParsableArguments {
  @Option(help: "The largest request body, in bytes; larger ones are answered with 413.")
  var maxBodyBytes = 16 << 20

  @Option(help: "The most rows in one request; more are answered with 413.")
  var maxRows = 1_000_000

  @Option(help: "How many requests may wait or be computed; more are answered with 429.")
  var maxConcurrent = 10_000

  func validate() throws {
    guard maxBodyBytes > 0 else { throw ValidationError("--max-body-bytes must be more than 0") }
    guard maxRows > 0 else { throw ValidationError("--max-rows must be more than 0") }
    guard maxConcurrent > 0 else { throw ValidationError("--max-concurrent must be more than 0") }
  }

  /// Those that hold for every protocol.
  var limits: LimitedPredictor.Limits { .init(rows: maxRows, concurrency: maxConcurrent) }
}
