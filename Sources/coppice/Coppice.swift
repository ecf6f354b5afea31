import ArgumentParser
import Crypto
import Hummingbird
import NIOHTTP1

@main
struct Coppice: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "coppice")
}
