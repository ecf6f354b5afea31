import Foundation
import TestSupport
import Testing

@Suite("Predictions at the command line")
struct PredictCommandTests {
  static let iris = IrisRepository.fixture("1.7.6/iris-softprob.json").path

  /// Rows of Iris that are all numbers, and XGBoost's own probabilities for them.
  private static func recorded() throws -> [(row: [Float], answer: [Float])] {
    let (rows, answers) = try IrisRepository.recorded()
    return zip(rows, answers).filter { $0.0.allSatisfy(\.isFinite) }.map { ($0, $1) }
  }

  enum Table: String, CaseIterable {
    case csvNamed, csvTurned, csvPlain, lines, objects, list

    /// The rows as this kind of table writes them.
    func text(_ rows: [[Float]]) -> String {
      let names = IrisRepository.features
      func joined(_ values: [some CustomStringConvertible]) -> String {
        values.map(\.description).joined(separator: ",")
      }
      func object(_ row: [Float]) -> String {
        "{\(zip(names, row).map { "\"\($0)\": \($1)" }.joined(separator: ",\n  "))}"
      }
      switch self {
      case .csvNamed: return joined(names) + "\n" + rows.map { joined($0) + "\n" }.joined()
      case .csvTurned:
        return "\u{FEFF}" + joined(names.reversed()) + "\r\n\r\n"
          + rows.map { joined($0.reversed()) }.joined(separator: "\r\n")
      case .csvPlain: return rows.map { joined($0) + "\n" }.joined()
      case .lines: return rows.map { "[\(joined($0))]\n" }.joined()
      case .objects: return rows.map { object($0) + "\n" }.joined()
      case .list: return " [\n" + rows.map(object).joined(separator: ",\n") + "\n]\n"
      }
    }
  }

  @Test("Predictions equal XGBoost's, however the rows are written", arguments: Table.allCases)
  func tables(table: Table) async throws {
    let recorded = try Self.recorded()
    try await withTemporaryFolder { folder in
      let repository = try IrisRepository(in: folder)
      let file = folder.appending(path: "rows").path
      try Data(table.text(recorded.map(\.row)).utf8).write(to: URL(filePath: file))
      let arguments = ["predict", "\(repository.root.path)/iris/1"]
      let command = try CoppiceProcess(
        arguments + [file, "--what", "proba", "--output", "csv"])
      #expect(await command.exitCode() == 0, "\(command.lines)")
      let lines = command.output.split(separator: "\n")
      #expect(
        lines.first == "probability_setosa,probability_versicolor,probability_virginica")
      #expect(
        lines.dropFirst().map { $0.split(separator: ",").compactMap { Float($0) } }
          == recorded.map(\.answer))
      // The same from standard input; the answer is written as the rows are.
      let piped = try CoppiceProcess(arguments + ["-"], input: file)
      #expect(await piped.exitCode() == 0, "\(piped.lines)")
      let classes = recorded.map { row in
        IrisRepository.labels[row.answer.firstIndex(of: row.answer.max() ?? 0) ?? 0]
      }
      let isJSON = [.lines, .objects, .list].contains(table)
      let expected =
        isJSON
        ? classes.map { "{\"prediction\":\"\($0)\"}" } : ["prediction"] + classes
      #expect(piped.output == expected.joined(separator: "\n") + "\n")
    }
  }

  @Test("Margins, leaves and contributions stand side by side")
  func details() async throws {
    struct Line: Decodable {
      struct Explanation: Decodable {
        let expected: Double
        let contributions: [String: Double]
      }
      let margin: [Double]
      let leaves: [Int]
      let contributions: [Explanation]
    }
    let rows = try Self.recorded().map(\.row)
    try await withTemporaryFolder { folder in
      let file = folder.appending(path: "rows.csv").path
      try Data(Table.csvPlain.text(rows).utf8).write(to: URL(filePath: file))
      let what = ["margin", "leaf", "contributions"].flatMap { ["--what", $0] }
      let command = try CoppiceProcess(["predict", Self.iris, file, "--output", "json"] + what)
      #expect(await command.exitCode() == 0, "\(command.lines)")
      let lines = try command.output.split(separator: "\n").map {
        try JSONDecoder().decode(Line.self, from: Data($0.utf8))
      }
      #expect(lines.count == rows.count)
      for line in lines {
        #expect(line.leaves.count % 3 == 0 && line.leaves.allSatisfy { $0 >= 0 })
        for (margin, explanation) in zip(line.margin, line.contributions) {
          let sum = explanation.contributions.values.reduce(explanation.expected, +)
          #expect(abs(sum - margin) < 1e-4)
        }
      }
      let table = try CoppiceProcess(["predict", Self.iris, file] + what)
      #expect(await table.exitCode() == 0)
      let header = table.output.prefix { $0 != "\n" }.split(separator: ",")
      #expect(header.prefix(4) == ["margin_0", "margin_1", "margin_2", "leaf_0"])
      #expect(header.suffix(2) == ["contribution_2_petal_width", "expected_2_margin"])
    }
  }

  @Test("Categories are texts, in a pipeline of scikit-learn")
  func categories() async throws {
    struct Answers: Decodable {
      let columns: Int
      let rows: [UInt32]
      let values: [Float]
      let features: [String]
      let categories: [[String]?]
    }
    let name = "../pickle/sklearn-1.9.1/pipeline-columns"
    let answers = try JSONDecoder().decode(
      Answers.self, from: Data(contentsOf: IrisRepository.fixture("\(name).answers.json")))
    let values = answers.rows.map(Float.init(bitPattern:))
    var text = answers.features.joined(separator: ",") + "\n"
    for start in stride(from: 0, to: values.count, by: answers.columns) {
      text +=
        (0..<answers.columns).map { column in
          let value = values[start + column]
          guard !value.isNaN else { return "" }
          return answers.categories[column].map { "\"\($0[Int(value)])\"" } ?? value.description
        }.joined(separator: ",") + "\n"
    }
    try await withTemporaryFolder { [text] folder in
      let file = folder.appending(path: "rows.csv").path
      try Data(text.utf8).write(to: URL(filePath: file))
      let model = IrisRepository.fixture("\(name).pkl").path
      let command = try CoppiceProcess(["predict", model, file, "--what", "proba"])
      #expect(await command.exitCode() == 0, "\(command.lines)")
      let found = command.output.split(separator: "\n").dropFirst().map { line in
        Float(line.split(separator: ",")[1]) ?? .nan
      }
      #expect(found.count == answers.values.count)
      for (found, expected) in zip(found, answers.values) { #expect(abs(found - expected) < 1e-6) }
    }
  }

  @Test(
    "What cannot be read ends with the line and the reason on stderr",
    arguments: [
      ("sepal_length,species\n1,2\n", "species"),
      ("1,2,3,4\n1,2,3\n", "line 2: the row has 3 cells"),
      ("1,2,3,4\n1,2,x,4\n", "line 2: petal_length must be a number"),
      ("1,2,3,4\n1,2,\"3,4\n", "line 2: a quote is not closed"), ("", "there are no rows"),
      (" \n\n", "there are no rows"), ("sepal_length\n", "no rows"),
      ("[[1,2,3,4],[1,2,3]]", "line 1: "), ("[[1,2,3,4]\n[1,2,3,4]]", "line 2: a comma"),
      ("{\"sepal_length\":1}\n{\"sepal\":1}", "line 2: unknown feature \"sepal\""),
      ("[1,2,3,4]\n[1,2,\n\n3", "line 2: the text ends inside the row"),
      ("[[1,2,3,4]", "the text ends inside the list"), ("[1,2,3,4] 5", "line 1: a row must be"),
      ("[[1,2,3,4]]\n[1]", "line 2: there is more"), ("[]", "there are no rows"),
      ("{\"sepal_length\":tru}", "line 1: "), ("[[[1,2,3,4]]]", "line 1: "),
    ])
  func refused(text: String, message: String) async throws {
    try await withTemporaryFolder { folder in
      let file = folder.appending(path: "rows").path
      try Data(text.utf8).write(to: URL(filePath: file))
      let command = try CoppiceProcess(["predict", Self.iris, file])
      #expect(await command.exitCode() == 1)
      #expect(command.lines.contains { $0.message.contains(message) }, "\(command.lines)")
      #expect(command.lines.count == 1)
    }
  }

  @Test(
    "Files that cannot be read, and outputs that there are not, are one error",
    arguments: [
      (["/nonexistent"], "/nonexistent: the file cannot be read: No such file"),
      (["/"], "the file cannot be read: Is a directory"),
    ])
  func unreadable(arguments: [String], message: String) async throws {
    let command = try CoppiceProcess(["predict", Self.iris] + arguments)
    #expect(await command.exitCode() == 1)
    #expect(command.lines.contains { $0.message.contains(message) }, "\(command.lines)")
    let regression = IrisRepository.fixture("3.4.1/reg-gamma.json").path
    let proba = try CoppiceProcess(["predict", regression, "-", "--what", "proba"])
    #expect(await proba.exitCode() == 1)
    #expect(proba.lines.contains { $0.message.contains("has no proba, only predict") })
    for text in ["{\"rows\":[[1,\"x\"]]}", "[", "{}"] {
      try await withTemporaryFolder { folder in
        let file = folder.appending(path: "answers.json").path
        try Data(text.utf8).write(to: URL(filePath: file))
        let verify = try CoppiceProcess(["verify", Self.iris, "--against", file])
        #expect(await verify.exitCode() == 1)
        #expect(verify.lines.count == 1)
        #expect(verify.lines.contains { $0.message.contains("does not hold rows and predictions") })
      }
    }
    let verify = try CoppiceProcess(["verify", Self.iris, "--against"] + arguments)
    #expect(await verify.exitCode() == 1)
    #expect(verify.lines.contains { $0.message.contains(message) }, "\(verify.lines)")
  }
}
