public import CoreMetrics
import Synchronization

/// The process's metrics, kept in memory and written in the Prometheus text format.
///
/// It is a back end of swift-metrics: counters become counters, recorders without aggregation
/// gauges, timers histograms in seconds. A metric is made when it is first asked for and kept, so
/// labels must come from a small, fixed set of values.
public final class PrometheusRegistry: Sendable {
  /// Upper bounds of the histograms' buckets, in seconds: from 50 microseconds, what a small model
  /// needs, to 10 seconds, the usual deadline.
  static let buckets: [Double] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1, 2.5, 5, 10,
  ]

  private struct Family {
    let type: String
    var series: [String: any PrometheusSeries] = [:]
  }

  private let families = Mutex<[String: Family]>([:])
  private let helps: [String: String]

  /// An empty registry.
  ///
  /// - Parameter helps: what each metric counts, by its name, for the `# HELP` lines.
  public init(helps: [String: String] = [:]) {
    self.helps = helps
  }

  /// All metrics in the Prometheus text format, version 0.0.4, sorted by name and labels.
  ///
  /// Source: https://prometheus.io/docs/instrumenting/exposition_formats/
  public func text() -> String {
    let families = families.withLock { $0 }
    var text = ""
    for (name, family) in families.sorted(by: { $0.key < $1.key }) {
      if let help = helps[name] { text += "# HELP \(name) \(help)\n" }
      text += "# TYPE \(name) \(family.type)\n"
      for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
        series.write(name: name, labels: labels, to: &text)
      }
    }
    return text
  }

  private func series<Series: PrometheusSeries>(
    _ label: String, _ dimensions: [(String, String)], make: () -> Series
  ) -> Series {
    let name = Self.name(label)
    let labels = dimensions.map { "\(Self.name($0))=\"\(Self.escape($1))\"" }.joined(separator: ",")
    return families.withLock { families in
      if let series = families[name]?.series[labels] as? Series { return series }
      let series = make()
      // A name used for two types is a fault in this program; the first type keeps the name.
      if families[name, default: Family(type: Series.type)].type == Series.type {
        families[name, default: Family(type: Series.type)].series[labels] = series
      }
      return series
    }
  }

  /// Replaces what a Prometheus name may not hold.
  private static func name(_ text: String) -> String {
    String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
  }

  private static func escape(_ value: String) -> String {
    value.reduce(into: "") { escaped, character in
      switch character {
      case "\\": escaped += "\\\\"
      case "\"": escaped += "\\\""
      case "\n": escaped += "\\n"
      default: escaped.append(character)
      }
    }
  }
}

extension PrometheusRegistry: MetricsFactory {
  /// A counter.
  public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    series(label, dimensions, make: PrometheusCounter.init)
  }

  /// A value that rises, as a gauge.
  public func makeFloatingPointCounter(label: String, dimensions: [(String, String)])
    -> any FloatingPointCounterHandler
  {
    series(label, dimensions, make: PrometheusGauge.init)
  }

  /// A gauge.
  public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    series(label, dimensions, make: PrometheusGauge.init)
  }

  /// A histogram, or without aggregation a gauge.
  public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool)
    -> any RecorderHandler
  {
    aggregate
      ? series(label, dimensions, make: PrometheusHistogram.init) as any RecorderHandler
      : series(label, dimensions, make: PrometheusGauge.init)
  }

  /// A histogram, in seconds.
  public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    series(label, dimensions, make: PrometheusHistogram.init)
  }

  /// Nothing: metrics live as long as the process.
  public func destroyCounter(_ handler: any CounterHandler) {}
  /// Nothing: metrics live as long as the process.
  public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
  /// Nothing: metrics live as long as the process.
  public func destroyMeter(_ handler: any MeterHandler) {}
  /// Nothing: metrics live as long as the process.
  public func destroyRecorder(_ handler: any RecorderHandler) {}
  /// Nothing: metrics live as long as the process.
  public func destroyTimer(_ handler: any TimerHandler) {}
}
