import Training

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Shows how far the training is: a bar on a terminal, about ten plain lines elsewhere.
struct ProgressBar {
  private let isTerminal: Bool
  private let write: (String) -> Void
  private var shown = -1
  private var last: RoundReport?
  private var isLastDrawn = false

  /// - Parameters:
  ///   - isTerminal: whether a line can be written over.
  ///   - write: where the text goes.
  init(isTerminal: Bool, write: @escaping (String) -> Void) {
    self.isTerminal = isTerminal
    self.write = write
  }

  static func standardError() -> ProgressBar {
    ProgressBar(isTerminal: isatty(STDERR_FILENO) == 1, write: StandardError.write)
  }

  mutating func show(_ report: RoundReport) {
    last = report
    isLastDrawn = false
    let step = report.round * (isTerminal ? 100 : 10) / report.rounds
    guard step > shown else { return }
    shown = step
    draw(report)
  }

  /// Writes a line of its own.
  func interrupt(with message: String) { write((isTerminal ? "\r\u{1B}[K" : "") + message + "\n") }

  /// Shows the last round and ends the line.
  mutating func finish() {
    guard let last else { return }
    if !isLastDrawn { draw(last) }
    if isTerminal { write("\n") }
  }

  private mutating func draw(_ report: RoundReport) {
    isLastDrawn = true
    let metrics = report.evaluations.map {
      "\($0.part) \($0.metric) \($0.value.rounded(digits: 4))"
    }
    .joined(separator: "  ")
    guard isTerminal else {
      return write("round \(report.round)/\(report.rounds)  \(metrics)\n")
    }
    let width = 30
    let done = width * report.round / report.rounds
    let bar = String(repeating: "█", count: done) + String(repeating: "░", count: width - done)
    write("\r\u{1B}[K\(bar) \(report.round)/\(report.rounds)  \(metrics)")
  }
}

extension Double {
  /// The nearest number with so many decimals.
  func rounded(digits: Int) -> Double {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = (self * scale).rounded() / scale
    return scaled.isFinite ? scaled : self
  }
}
