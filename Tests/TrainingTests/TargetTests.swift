import Testing
import Training

@Suite("The objective follows from the label")
struct TargetTests {
  @Test(
    "when none is given",
    arguments: [
      (["no", "yes", "no"], "binary:logistic", ["no", "yes"], [0, 1, 0]),
      (["b", "c", "a"], "multi:softprob", ["a", "b", "c"], [1, 2, 0]),
      (["0", "1", "1"], "binary:logistic", ["0", "1"], [0, 1, 1]),
      (["10", "3", "5"], "multi:softprob", ["3", "5", "10"], [2, 0, 1]),
      (["0.5", "1", "2"], "reg:squarederror", nil, [0.5, 1, 2]),
    ] as [([String], String, [String]?, [Float])])
  func inferred(rows: [String], objective: String, labels: [String]?, values: [Float]) throws {
    let target = try Target(table("a,y\n" + rows.map { "1,\($0)\n" }.joined()))
    #expect(target.objective == objective)
    #expect(target.labels == labels)
    #expect(target.values == values)
  }

  @Test("and many whole numbers are not classes")
  func manyNumbers() throws {
    let rows = (0...Target.maximumInferredClasses).map { "1,\($0)\n" }
    #expect(try Target(table("a,y\n" + rows.joined())).objective == "reg:squarederror")
    #expect(try Target(table("a,y\n" + rows.dropLast().joined())).objective == "multi:softprob")
  }

  @Test(
    "and one that does not suit it is refused",
    arguments: [
      ("a,y\n1,2\n1,red\n", "reg:squarederror", "data.csv:3:3: the label \"y\" is a text"),
      ("a,y\n1,a\n1,b\n1,c\n", "binary:logistic", "data.csv: the label \"y\" has 3 classes"),
      ("a,y\n1,0.5\n1,1\n", "multi:softprob", "data.csv: the label \"y\" holds fractions"),
      ("a,y\n1,a\n1,a\n", nil, "data.csv: the label \"y\" has 1 class;"),
    ] as [(String, String?, String)])
  func refused(csv: String, objective: String?, message: String) throws {
    let rows = try table(csv)
    let error = try #require(throws: TableError.self) { try Target(rows, objective: objective) }
    #expect(error.description.hasPrefix(message))
  }
}
