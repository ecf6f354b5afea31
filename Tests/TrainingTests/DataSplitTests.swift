import Testing
import Training

@Suite("Rows are divided into training, validation and test")
struct DataSplitTests {
  private let iris = (0..<150).map { $0 / 50 }

  @Test("without loss or overlap, each class in the same proportions")
  func proportions() {
    let split = DataSplit(classes: iris, fractions: .usual, seed: 7)
    #expect((split.training + split.validation + split.test).sorted() == Array(0..<150))
    for (part, count) in [(split.training, 35), (split.validation, 5), (split.test, 10)] {
      for kind in 0..<3 { #expect(part.count { iris[$0] == kind } == count) }
    }
  }

  @Test("the same for the same seed, on every platform, and otherwise for another")
  func seeds() {
    let split = DataSplit(classes: iris, fractions: .usual, seed: 7)
    #expect(split == DataSplit(classes: iris, fractions: .usual, seed: 7))
    #expect(split != DataSplit(classes: iris, fractions: .usual, seed: 8))
    #expect(split.validation == [12, 14, 15, 29, 41, 68, 74, 86, 96, 98, 100, 107, 108, 119, 121])
  }

  @Test("with a row in every part, where there are enough", arguments: 3...12)
  func small(rows: Int) {
    let classes = (0..<rows).map { $0 % 2 }
    let split = DataSplit(classes: classes, fractions: .usual, seed: 1)
    #expect(split.training.count + split.validation.count + split.test.count == rows)
    #expect(Set(split.training.map { classes[$0] }) == [0, 1])
    #expect(rows < 4 || (!split.validation.isEmpty && !split.test.isEmpty))
  }

  @Test("or into fewer parts")
  func zeros() throws {
    let all = try #require(DataSplit.Fractions(training: 1, validation: 0, test: 0))
    #expect(DataSplit(classes: iris, fractions: all, seed: 1).training.count == 150)
    let two = try #require(DataSplit.Fractions(training: 0.8, validation: 0, test: 0.2))
    let split = DataSplit(classes: iris, fractions: two, seed: 1)
    #expect(split.training.count == 120 && split.validation.isEmpty && split.test.count == 30)
  }

  @Test(
    "by fractions that add up to 1",
    arguments: [[0, 0.5, 0.5], [0.5, 0.5, 0.5], [1.2, -0.2, 0], [.nan, 0, 1], [0.7, 0.1, 0.1]])
  func fractions(values: [Double]) {
    #expect(
      DataSplit.Fractions(training: values[0], validation: values[1], test: values[2]) == nil)
  }
}
