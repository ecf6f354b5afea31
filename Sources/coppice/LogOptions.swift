public import ArgumentParser
public import Logging
public import Telemetry

/// How a service logs, always to standard error.
struct LogOptions: ParsableArguments {
  @Option(help: "Log lines from this level on: trace, debug, info, notice, warning, error.")
  var logLevel: Logger.Level = .info

  @Option(help: "Write log lines for people (text) or for machines (json).")
  var logFormat: LineLogHandler.Format = .text

  /// A logger as the options say.
  func logger(_ label: String) -> Logger {
    Logger(label: label) { label in
      LineLogHandler(
        label: label, format: logFormat, level: logLevel, lines: StandardError.lines)
    }
  }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
extension LineLogHandler.Format: ExpressibleByArgument {}
