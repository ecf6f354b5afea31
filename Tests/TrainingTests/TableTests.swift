import Foundation
import Testing
import Training

@Suite("A table is read from CSV")
struct TableTests {
  @Test("with quoted commas, quotes and line ends, CRLF, a byte-order mark and blank lines")
  func quoting() throws {
    let read = try table(
      "\u{FEFF}\"a, b\",\"say \"\"hi\"\"\",y\r\n\"x\r\ny\",1,p\r\n\r\n\"x\"\"z\",2,q")
    #expect(read.columns.map(\.name) == ["a, b", "say \"hi\"", "y"])
    #expect(read.rowCount == 2)
    #expect(read.columns[0].categories == ["x\r\ny", "x\"z"])
    #expect(read.features(ofRows: [0, 1]) == [0, 1, 1, 2])
    #expect(read.label.categories == ["p", "q"])
  }

  @Test(
    "with missing values",
    arguments: ["", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "?", "\"\"", "  "])
  func missing(mark: String) throws {
    let read = try table("a,b,y\n\(mark),red,1\n2,\(mark),3\n")
    let values = read.features(ofRows: 0..<2)
    #expect(values[0].isNaN && values[1] == 0 && values[2] == 2 && values[3].isNaN)
    #expect(read.columns[0].categories == nil)
    #expect(read.columns[1].categories == ["red"])
  }

  @Test(
    "with every number rounded to the nearest",
    arguments: [
      "5.1", "-0.0", "+3", ".5", "5.", "1e3", "1E-3", "0.1234567890123456789012345", "16777217",
      "123456789012345678901234567890", "1e-400", "3.4028235e38", "0.30000000000000004", "1e22",
      "9007199254740993", "2.2250738585072014e-308",
    ])
  func numbers(text: String) throws {
    let expected = Float(Double(text.hasSuffix(".") ? text + "0" : text)!)
    let value = try table("a,y\n\(text),1\n").features(ofRows: [0])[0]
    #expect(value.bitPattern == expected.bitPattern)
  }

  @Test(
    "with everything else as texts",
    arguments: ["1,5", "0x10", "1e", "e5", "-", ".", "1_000", "5 kg", "12-03", "ß", "nano"])
  func texts(text: String) throws {
    let read = try table("a,y\n1,1\n\"\(text)\",2\n")
    #expect(Set(read.columns[0].categories ?? []) == ["1", text])
  }

  @Test("and its columns know their range and whether they are whole")
  func ranges() throws {
    let read = try table("whole,gap,real,y\n1,2,-0.5,0\n-7,,2.5,0\n4,1,0.25,1\n")
    #expect(read.columns.map(\.isWhole) == [true, false, false, true])
    #expect(read.columns.map(\.range) == [-7...4, 1...2, -0.5...2.5, 0...1])
  }

  @Test("and a text late in a column makes texts of the numbers before it")
  func lateText() throws {
    let read = try table("a,y\n10,1\n9,2\nten,3\n10,4\n")
    #expect(read.columns[0].categories == ["10", "9", "ten"])
    #expect(read.features(ofRows: 0..<4) == [0, 1, 2, 0])
  }

  struct Fault: Sendable, CustomTestStringConvertible {
    let csv: String
    let place: String
    let message: String
    var testDescription: String { message }

    init(_ csv: String, _ place: String, _ message: String) {
      self.csv = csv
      self.place = place
      self.message = message
    }
  }

  @Test(
    "or refused with file, line and column",
    arguments: [
      Fault("", ":1:1", "the file is empty"),
      Fault("\n\n", ":3:1", "the file is empty"),
      Fault("a,y\n", ":2:1", "there are no rows"),
      Fault("a,a,y\n1,2,3\n", ":1:3", "two columns named \"a\""),
      Fault("a,,y\n1,2,3\n", ":1:3", "column 2 has no name"),
      Fault("a,b\n1,2\n", "", "there is no column \"y\"; the columns are a, b"),
      Fault("a;y\n1;2\n", "", "separated by commas?"),
      Fault("y\n1\n", "", "no column beside the label"),
      Fault("a,y\n1,2\n1\n", ":3:1", "the line has 1 cells, the header 2"),
      Fault("a,y\n1,2,3\n", ":2:1", "the line has 3 cells, the header 2"),
      Fault("a,y\n\"x\ny\",2\n1,2,3\n", ":4:1", "the line has 3 cells"),
      Fault("a,y\n1,2\n\"1,2\n3,4\n", ":3:1", "never closed"),
      Fault("a,y\n1\"2,3\n", ":2:2", "a quote inside a cell"),
      Fault("a,y\n\"1\"2,3\n", ":2:4", "must follow the closing quote"),
      Fault("a,y\n1,2\r3,4\n", ":2:4", "carriage return without a line feed"),
      Fault("a,y\n1,2\n3,NA\n", ":3:3", "the label \"y\" is missing"),
      Fault("a,y\n1,2\ninf,3\n", ":3:1", "infinite or too large"),
      Fault("a,y\n1,2\n3,4\n1e39,3\n", ":4:1", "infinite or too large"),
    ])
  func faults(fault: Fault) throws {
    let error = try #require(throws: TableError.self) { try table(fault.csv) }
    #expect(error.description.hasPrefix("data.csv\(fault.place): "))
    #expect(error.message.contains(fault.message))
  }

  @Test("or refused when a text is not UTF-8")
  func encoding() throws {
    let bytes = Data("a,y\n1,2\n".utf8) + [0xE9] + Data(",3\n".utf8)
    let error = try #require(throws: TableError.self) {
      try Table(csv: bytes, source: "data.csv", label: "y")
    }
    #expect(error.description == "data.csv:3:1: the text is not UTF-8; save the file as UTF-8")
  }

  @Test("or refused when a column has too many different texts")
  func identifiers() throws {
    let rows = (0...Table.maximumCategories).map { "id\($0),1\n" }
    let error = try #require(throws: TableError.self) { try table("a,y\n" + rows.joined()) }
    #expect(error.place?.line == Table.maximumCategories + 2)
    #expect(error.message.contains("remove it from the file"))
  }

  @Test("from a file, and a file that is not there is an error")
  func files() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).csv").path
    let error = try #require(throws: TableError.self) { try Table(csvFile: path, label: "y") }
    #expect(error.description == "\(path): there is no such file")
    try Data("a,y\n1,2\n".utf8).write(to: URL(filePath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(try Table(csvFile: path, label: "y").features(ofRows: [0]) == [1])
  }

  @Test("Iris is built in: 150 rows, 50 of each kind, in Fisher's order and with his values")
  func iris() throws {
    let iris = try BundledTable.iris.table()
    #expect(iris.rowCount == 150)
    #expect(
      iris.columns.map(\.name) == [
        "sepal_length", "sepal_width", "petal_length", "petal_width", "species",
      ])
    #expect(iris.label.categories == ["setosa", "versicolor", "virginica"])
    #expect((0..<150).map { Int(iris.label(ofRow: $0)) } == (0..<150).map { $0 / 50 })
    #expect(iris.features(ofRows: [0]) == [5.1, 3.5, 1.4, 0.2])
    // The rows that some copies get wrong.
    #expect(iris.features(ofRows: [34, 37]) == [4.9, 3.1, 1.5, 0.2, 4.9, 3.6, 1.4, 0.1])
    #expect(iris.features(ofRows: [149]) == [5.9, 3.0, 5.1, 1.8])
    let sums = (0..<4).map { feature in
      (0..<150).reduce(0.0) { $0 + Double(iris.features(ofRows: [$1])[feature]) }
    }
    #expect(zip(sums, [876.5, 458.6, 563.7, 179.9]).allSatisfy { abs($0 - $1) < 1e-3 })
  }
}
