import ArgumentParser
import ModelFormats

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `coppice inspect`: what a model file holds, and how it would be served.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Tell what a model file holds, and which engine it would get.",
    discussion: """
      Reads a model of any known format; nothing that the file contains is run. Tells its format, \
      library, objective, classes, trees and features with their importance, and the engines that \
      would be used on this machine for one row and for many.

      The report goes to stdout. Exit code 0; 1 when the file is no model that can be read, with \
      the reason on stderr; 64 when the command line is wrong.
      """)

  @Argument(help: "A model file, or a folder with one file model.*.")
  var model: String

  @Flag(help: "Print the report as JSON, with all features.")
  var json = false

  func run() throws {
    let file = try ModelPath(model).file
    let tree = try TreeModel.read(contentsOf: file)
    let size = try FileManager.default.attributesOfItem(atPath: file)[.size]
    let report = ModelReport(
      tree, file: file, bytes: (size as? any BinaryInteger).map { Int(clamping: $0) } ?? 0)
    guard json else {
      print(report.text(), terminator: "")
      return
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(report), as: UTF8.self))
  }
}
