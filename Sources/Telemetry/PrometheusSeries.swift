import CoreMetrics
import Synchronization

/// The values of one metric with one set of labels.
protocol PrometheusSeries: Sendable {
  /// The metric's type in the text format.
  static var type: String { get }
  /// Appends the lines of this series.
  func write(name: String, labels: String, to text: inout String)
}

/// A count that only rises.
final class PrometheusCounter: PrometheusSeries, CounterHandler {
  static let type = "counter"
  private let count = Atomic<Int64>(0)

  func increment(by amount: Int64) { count.add(amount, ordering: .relaxed) }
  func reset() { count.store(0, ordering: .relaxed) }

  func write(name: String, labels: String, to text: inout String) {
    text += "\(name)\(braces(labels)) \(count.load(ordering: .relaxed))\n"
  }
}

/// A value that rises and falls.
final class PrometheusGauge: PrometheusSeries, MeterHandler, RecorderHandler,
  FloatingPointCounterHandler
{
  static let type = "gauge"
  private let value = Mutex(0.0)

  func set(_ value: Int64) { set(Double(value)) }
  func set(_ value: Double) { self.value.withLock { $0 = value } }
  func increment(by amount: Double) { value.withLock { $0 += amount } }
  func decrement(by amount: Double) { value.withLock { $0 -= amount } }
  func record(_ value: Int64) { set(Double(value)) }
  func record(_ value: Double) { set(value) }
  func reset() { set(0.0) }

  func write(name: String, labels: String, to text: inout String) {
    text += "\(name)\(braces(labels)) \(value.withLock { $0 })\n"
  }
}

/// A distribution over the buckets of ``PrometheusRegistry/buckets``.
final class PrometheusHistogram: PrometheusSeries, TimerHandler, RecorderHandler {
  static let type = "histogram"

  private struct State {
    var counts = [UInt64](repeating: 0, count: PrometheusRegistry.buckets.count)
    var count: UInt64 = 0
    var sum = 0.0
  }

  private let state = Mutex(State())

  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
  func record(_ value: Int64) { record(Double(value)) }

  func record(_ value: Double) {
    let bucket = PrometheusRegistry.buckets.firstIndex { value <= $0 }
    state.withLock { state in
      if let bucket { state.counts[bucket] += 1 }
      state.count += 1
      state.sum += value
    }
  }

  func write(name: String, labels: String, to text: inout String) {
    let state = state.withLock { $0 }
    let prefix = labels.isEmpty ? "" : labels + ","
    var cumulative: UInt64 = 0
    for (bound, count) in zip(PrometheusRegistry.buckets, state.counts) {
      cumulative += count
      text += "\(name)_bucket{\(prefix)le=\"\(bound)\"} \(cumulative)\n"
    }
    text += "\(name)_bucket{\(prefix)le=\"+Inf\"} \(state.count)\n"
    text += "\(name)_sum\(braces(labels)) \(state.sum)\n"
    text += "\(name)_count\(braces(labels)) \(state.count)\n"
  }
}

private func braces(_ labels: String) -> String { labels.isEmpty ? "" : "{\(labels)}" }
