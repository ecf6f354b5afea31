import Forest
import Testing

struct PreprocessingTests {
  @Test("Neighbouring columns become one stage, in order")
  func stages() throws {
    let preprocessing = try Preprocessing(
      columnCount: 2,
      stages: [
        .columns([.init(1, [.subtract(1)]), .init(0, [.replace(.nan, with: 5)])]),
        .columns([.init(0, [.divide(2), .clip(0, 1)]), .init(1), .init(1, [.equals(5)])]),
      ])
    #expect(preprocessing.stages.count == 1)
    #expect(preprocessing.outputCount == 3)
    let rows = Matrix(rowCount: 2, columnCount: 2, values: [.nan, 2, 4, -9])
    #expect(preprocessing.apply(rows).values == [0.5, 5, 1, 0, 4, 0])
  }

  @Test("A row is divided by its length, and one without length stays")
  func lengths() throws {
    let rows = Matrix(rowCount: 2, columnCount: 2, values: [3, -4, 0, 0])
    for (norm, expected) in [
      (Preprocessing.Norm.euclidean, [0.6, -0.8] as [Float]), (.sum, [3 / 7, -4 / 7]),
      (.largest, [0.75, -1]),
    ] {
      let preprocessing = try Preprocessing(
        columnCount: 2, stages: [.normalize(norm, roundsToFloat: true)])
      #expect(preprocessing.apply(rows).values == expected + [0, 0])
    }
  }

  @Test(
    "A step does to a value, and to a missing one, what it says",
    arguments: [
      (.add(2), 3, .nan), (.multiply(3), 3, .nan), (.equals(1), 1, 0), (.equals(.nan), 0, 1),
      (.replace(1, with: 7), 7, .nan), (.replace(.nan, with: 7), 1, 7), (.clip(2, 3), 2, .nan),
      (.above(0.5), 1, 0), (.map(ColumnTable([(1, 10), (.nan, 20)], default: 30)), 10, 20),
      (.map(ColumnTable([(2, 10)], default: 30)), 30, 30),
    ] as [(ColumnOperation, Double, Double)])
  func steps(operation: ColumnOperation, one: Double, missing: Double) {
    #expect(operation.apply(to: 1) == one)
    let found = operation.apply(to: .nan)
    #expect(found == missing || found.isNaN && missing.isNaN)
  }

  @Test("Rounding after each step is float32 arithmetic")
  func rounding() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<1000 {
      let (value, number) = (
        Float.random(in: -9...9, using: &random), Float.random(in: 1...9, using: &random)
      )
      let scaled = ColumnOperation.divide(Double(number)).apply(to: Double(value))
      #expect(ColumnOperation.roundToFloat.apply(to: scaled) == Double(value / number))
    }
  }

  @Test("What does not fit is refused")
  func faults() {
    #expect(throws: EnsembleError.self) {
      try Preprocessing(columnCount: 1, stages: [.columns([.init(1)])])
    }
    // Each stage reads the column that took the most steps twice.
    let steps = [ColumnOperation](repeating: .add(1), count: 1 << 12)
    let wide = [Preprocessing.Column](repeating: .init(0, steps), count: 1 << 10)
    #expect(throws: EnsembleError.self) {
      try Preprocessing(columnCount: 1, stages: [.columns([.init(0, steps)]), .columns(wide)])
    }
  }
}
