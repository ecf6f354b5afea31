import CoreMetrics
import Forest
import Jobs
import Synchronization

/// Asks shadows what callers have been answered already, and compares.
///
/// Nothing of it may slow down those who get answers: so few are asked side by side, some more wait,
/// and all others are dropped. They are gathered for some milliseconds first, because to be woken for
/// each costs more than to ask it.
///
/// - `coppice_shadow_requests_total{model,version,result}`: `same`, `different`, `failed` or
///   `dropped`.
/// - `coppice_shadow_difference{model,version}`: the largest absolute difference in an answer.
final class ShadowRequests: Sendable {
  /// How many are asked at the same time, where asking means to wait.
  static let maximumUnderWay = 16
  /// How many wait or are asked.
  static let maximumCount = 1024
  /// How many values they have together.
  private static let maximumValues = 4 << 20

  private struct Shadow: Sendable {
    let request: PredictionRequest
    let answer: Prediction
    let trial: TrialWatch?
  }

  private struct Waiting {
    private var shadows: [Shadow] = []
    /// Of those that wait and those that were taken.
    private var count = 0
    private var values = 0

    /// Whether it is the first that waits; nil when there is no room.
    mutating func add(_ shadow: Shadow) -> Bool? {
      guard count < maximumCount, values < maximumValues else { return nil }
      shadows.append(shadow)
      count += 1
      values += shadow.request.rows.values.count
      return shadows.count == 1
    }

    mutating func take() -> [Shadow] {
      defer { shadows = [] }
      return shadows
    }

    mutating func ended(_ shadow: Shadow) {
      count -= 1
      values -= shadow.request.rows.values.count
    }
  }

  private struct Meters {
    let results: [String: Counter]
    let difference: Recorder
  }

  private let predictor: any Predicting
  private let factory: any MetricsFactory
  private let meters = Mutex<[ModelID: Meters]>([:])
  private let waiting = Mutex(Waiting())
  private let (wakes, wake) = AsyncStream.makeStream(
    of: Void.self, bufferingPolicy: .bufferingNewest(1))

  init(_ predictor: any Predicting, metrics factory: any MetricsFactory) {
    self.predictor = predictor
    self.factory = factory
  }

  /// Asks a model too, some time.
  func ask(
    _ model: Model, _ request: PredictionRequest, _ answer: Prediction, trial: TrialWatch? = nil
  ) {
    let copy = PredictionRequest(
      model: model, rows: request.rows, outputs: request.outputs,
      deadline: max(request.deadline, .after(.seconds(5))))
    let shadow = Shadow(request: copy, answer: answer, trial: trial)
    switch waiting.withLock({ $0.add(shadow) }) {
    case true?: wake.yield()
    case false?: break
    case nil: count(copy.model, "dropped")
    }
  }

  /// Works off what waits until the task is cancelled.
  func run() async {
    await withTaskGroup(of: Void.self) { group in
      var underWay = 0
      for await _ in wakes {
        try? await Task.sleep(for: .milliseconds(5))
        for shadow in waiting.withLock({ $0.take() }) {
          if compareAtOnce(shadow) { continue }
          if underWay == Self.maximumUnderWay { await group.next() } else { underWay += 1 }
          group.addTask { await self.compare(shadow) }
        }
      }
    }
  }

  /// Whether it took no waiting, and is done.
  private func compareAtOnce(_ shadow: Shadow) -> Bool {
    do throws(PredictionError) {
      guard let answer = try predictor.predictAtOnce(shadow.request) else { return false }
      finish(shadow, .success(answer))
    } catch {
      finish(shadow, .failure(error))
    }
    return true
  }

  private func compare(_ shadow: Shadow) async {
    do throws(PredictionError) {
      finish(shadow, .success(try await predictor.predict(shadow.request)))
    } catch {
      finish(shadow, .failure(error))
    }
  }

  private func finish(_ shadow: Shadow, _ result: Result<Prediction, PredictionError>) {
    waiting.withLock { $0.ended(shadow) }
    let id = shadow.request.model
    switch result {
    case .failure(let error) where !error.isOfVersion:
      count(id, "dropped")
    case .failure(let error):
      count(id, "failed")
      shadow.trial?.record(.failure("\(error)"))
    case .success(let answer):
      guard let difference = shadow.answer.largestDifference(to: answer) else {
        count(id, "failed")
        shadow.trial?.record(.failure("its answer has another shape"))
        return
      }
      count(id, difference == 0 ? "same" : "different")
      meters(for: id).difference.record(Double(difference))
      shadow.trial?.record(.difference(difference))
    }
  }

  private func count(_ id: ModelID, _ result: String) {
    meters(for: id).results[result]?.increment()
  }

  private func meters(for id: ModelID) -> Meters {
    meters.withLock { all in
      if let meters = all[id] { return meters }
      let dimensions = [("model", id.name), ("version", id.version)]
      let results = ["same", "different", "failed", "dropped"].map { result in
        let counter = Counter(
          label: "coppice_shadow_requests_total", dimensions: dimensions + [("result", result)],
          factory: factory)
        return (result, counter)
      }
      let meters = Meters(
        results: Dictionary(uniqueKeysWithValues: results),
        difference: Recorder(
          label: "coppice_shadow_difference", dimensions: dimensions, aggregate: true,
          factory: factory))
      all[id] = meters
      return meters
    }
  }
}

extension Prediction {
  /// The largest absolute difference of two values in the same place; nil when the shapes differ.
  fileprivate func largestDifference(to other: Prediction) -> Float? {
    var largest: Float = 0
    for (output, matrix) in values {
      guard let found = other.values[output], found.values.count == matrix.values.count else {
        return nil
      }
      for (left, right) in zip(matrix.values, found.values) where left != right {
        guard !(left.isNaN && right.isNaN) else { continue }
        let difference = abs(left - right)
        largest = max(largest, difference.isNaN ? .infinity : difference)
      }
    }
    return largest
  }
}
