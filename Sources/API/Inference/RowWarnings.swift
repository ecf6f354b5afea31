import Forest
import Serving

/// What is odd about the rows of a request that is answered all the same.
struct RowWarnings: Sendable {
  /// One odd value.
  struct Warning: Sendable, Equatable {
    /// The row, from 0.
    let row: Int
    /// What is odd, and how it was taken.
    let text: String

    /// Both, as one line.
    var line: String { "row \(row): \(text)" }
  }

  /// So many are told; the rest are counted.
  static let limit = 100

  /// Those that are told.
  private(set) var told: [Warning] = []
  /// How many there are.
  private(set) var count = 0

  /// None.
  init() {}

  /// Warnings that were told before.
  init(told: [Warning], count: Int) {
    (self.told, self.count) = (told, max(count, told.count))
  }

  mutating func add(row: Int, _ text: @autoclosure () -> String) {
    count += 1
    if told.count < Self.limit { told.append(Warning(row: row, text: text())) }
  }

  /// The warnings about one row.
  func texts(row: Int) -> [String] { told.filter { $0.row == row }.map(\.text) }

  /// Warns of values outside what training saw.
  mutating func check(_ rows: Matrix, _ features: [Feature]) {
    let known = features.enumerated().compactMap { column, feature in
      feature.knownRange.map { (column: column, range: $0) }
    }
    guard !known.isEmpty, rows.columnCount == features.count else { return }
    for row in 0..<rows.rowCount {
      for (column, range) in known {
        let value = rows.values[row * rows.columnCount + column]
        if value < range.lowerBound || value > range.upperBound {
          add(row: row, features[column].warning(value, range))
        }
      }
    }
  }
}

extension Feature {
  /// The values that training saw.
  fileprivate var knownRange: ClosedRange<Float>? {
    if let categories { return 0...Float(max(0, categories.count - 1)) }
    guard minimum != nil || maximum != nil else { return nil }
    let lower = minimum ?? -.infinity
    return lower...max(lower, maximum ?? .infinity)
  }

  fileprivate func warning(_ value: Float, _ range: ClosedRange<Float>) -> String {
    if categories != nil { return "\(name): \(value) is the code of no category" }
    return value < range.lowerBound
      ? "\(name): \(value) is below \(range.lowerBound), the smallest value in training"
      : "\(name): \(value) is above \(range.upperBound), the largest value in training"
  }
}
