import ArgumentParser

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The program: one binary that trains, serves, works and checks itself.
@main
struct Coppice: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coppice",
    abstract: "Turns a trained tree model into a prediction service.",
    discussion: """
      Every option is also an environment variable: --log-level is COPPICE_LOG_LEVEL, and \
      COPPICE_LOG_LEVEL_FILE names a file that holds its value. An option on the command line \
      comes first.
      """,
    subcommands: [
      TrainCommand.self, ServeCommand.self, WorkerCommand.self, QueueCommand.self,
      PredictCommand.self, InspectCommand.self, ConvertCommand.self, VerifyCommand.self,
      HealthcheckCommand.self,
    ])

  static func main() async {
    Allocator.keepFreedMemory()
    var arguments = Array(CommandLine.arguments.dropFirst())
    do {
      arguments += try EnvironmentOptions(ProcessInfo.processInfo.environment)
        .arguments(toAddTo: arguments, of: configuration.subcommands)
    } catch {
      exit(withError: error)
    }
    await main(arguments)
  }
}
