import Forest

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Trains models with XGBoost's own library.
///
/// ```swift
/// let table = try BundledTable.iris.table()
/// let target = try Target(table)
/// let split = DataSplit(classes: target.classes, fractions: fractions, seed: 7)
/// let trainer = Trainer(library: try .open(), rounds: 100, seed: 7)
/// let model = try trainer.train(table, target: target, split: split)
/// ```
public struct Trainer {
  /// From this many values on (rows times features) all cores train; below it one is faster.
  public static let parallelThreshold = 1_000_000
  /// The most boosting rounds.
  public static let maximumRounds = 1_000_000
  /// The number of rows that are kept as examples.
  public static let exampleCount = 6

  let library: XGBoostLibrary
  let rounds: Int
  let parameters: [TrainingParameter]
  let seed: UInt64
  let earlyStoppingRounds: Int?

  /// A trainer.
  ///
  /// - Parameters:
  ///   - library: XGBoost.
  ///   - rounds: the number of boosting rounds, 1 to ``maximumRounds``.
  ///   - parameters: passed on unchanged.
  ///   - seed: XGBoost's seed, unless the parameters set one.
  ///   - earlyStoppingRounds: stop after so many rounds in which the last metric of the validation
  ///     part got no better, and keep the model of the best round.
  public init(
    library: XGBoostLibrary, rounds: Int, parameters: [TrainingParameter] = [], seed: UInt64,
    earlyStoppingRounds: Int? = nil
  ) {
    self.library = library
    self.rounds = rounds
    self.parameters = parameters
    self.seed = seed
    self.earlyStoppingRounds = earlyStoppingRounds
  }

  /// Trains a model. Blocks until it is done.
  ///
  /// - Parameters:
  ///   - table: the rows.
  ///   - target: what to predict.
  ///   - split: which rows serve for what.
  ///   - report: called after every round.
  ///   - warn: called with what XGBoost logs: warnings, and more with `verbosity` above 1.
  /// - Throws: ``XGBoostError``.
  public func train(
    _ table: Table, target: Target, split: DataSplit, report: (RoundReport) -> Void = { _ in },
    warn: (String) -> Void = { _ in }
  ) throws -> TrainedModel {
    guard (1...Self.maximumRounds).contains(rounds) else {
      throw XGBoostError(
        .invalidRequest, "the number of rounds must be 1 to \(Self.maximumRounds)")
    }
    guard earlyStoppingRounds == nil || !split.validation.isEmpty else {
      throw XGBoostError(.invalidRequest, "early stopping needs rows for the validation")
    }
    guard parameters.value(of: "booster") != "gblinear" else {
      throw XGBoostError(
        .invalidRequest, "booster=gblinear makes no trees, and only trees can be served")
    }
    guard earlyStoppingRounds == nil || parameters.value(of: "booster") != "dart" else {
      // Later rounds rescale the trees of the earlier ones: the best round's model is lost.
      throw XGBoostError(.invalidRequest, "early stopping does not go with booster=dart")
    }
    let input = Input(table: table, target: target, split: split)
    let log = XGBoostLog()
    return try log.collecting(from: library) {
      defer { log.drain().forEach { warn(XGBoostError.readable($0)) } }
      return try train(input, log: log, report: report)
    }
  }

  private func train(_ input: Input, log: XGBoostLog, report: (RoundReport) -> Void) throws
    -> TrainedModel
  {
    let settings = completeParameters(for: input)
    let training = try matrix(input, input.split.training)
    let validation = try matrix(input, input.split.validation)
    var parts = [(name: "training", handle: training.handle)]
    if !input.split.validation.isEmpty {
      parts.append((name: "validation", handle: validation.handle))
    }

    let booster = try Booster.untrained(on: training)
    try configure(booster, settings, log: log)
    var stopping = EarlyStopping(patience: earlyStoppingRounds)
    var done = 0
    while done < rounds {
      try booster.update(round: done, training: training)
      let line = try booster.evaluate(round: done, on: parts)
      done += 1
      let round = RoundReport(round: done, rounds: rounds, line: line)
      report(round)
      if let last = round.evaluations.last,
        stopping.shouldStop(after: done - 1, metric: last.metric, value: last.value)
      {
        break
      }
    }
    let kept = earlyStoppingRounds == nil ? done : stopping.bestRound + 1
    let json =
      kept < done
      ? try booster.prefix(rounds: kept).json(features: input.features)
      : try booster.json(features: input.features)

    // What the saved bytes predict is what a reader of them has to reproduce.
    let saved = try Booster.reading(json, with: library)
    try saved.set("nthread", settings.value(of: "nthread") ?? "1")
    if input.target.objective == "multi:softmax" {
      // The same trees; this one gives the probabilities, which are served too, not the class only.
      try saved.set("objective", "multi:softprob")
    }
    let predict = { (rows: [Int]) in
      rows.isEmpty ? [] : try saved.predict(try matrix(input, rows))
    }
    return TrainedModel(
      json: json, rounds: kept, features: input.features, parameters: settings.dictionary,
      metrics: try input.metrics(predict), examples: try input.examples(predict))
  }

  private func matrix(_ input: Input, _ rows: [Int]) throws -> DMatrix {
    try DMatrix.copying(
      input.table.features(ofRows: rows), labels: rows.map { input.target.values[$0] },
      features: input.features, threadCount: input.threadCount, into: library)
  }

  /// The given parameters with what follows from the data added.
  private func completeParameters(for input: Input) -> [TrainingParameter] {
    var defaults: [TrainingParameter] = []
    func add(_ name: String, _ value: String, unless others: String...) {
      guard !parameters.contains(where: { $0.name == name || others.contains($0.name) }) else {
        return
      }
      defaults.append(.init(name: name, value: value))
    }
    add("objective", input.target.objective)
    if input.target.objective.hasPrefix("multi:"), let labels = input.target.labels {
      add("num_class", String(labels.count))
    }
    add("seed", String(seed), unless: "random_state")
    add("nthread", String(input.threadCount), unless: "n_jobs")
    if input.features.contains(where: { $0.type == .categorical }) { add("tree_method", "hist") }
    return defaults + parameters
  }

  /// Sets the parameters and lets XGBoost check them; what it only warns of becomes an error.
  private func configure(
    _ booster: borrowing Booster, _ settings: [TrainingParameter], log: XGBoostLog
  ) throws {
    if !settings.contains(named: "validate_parameters") {
      try booster.set("validate_parameters", "1")
    }
    for parameter in settings { try booster.set(parameter.name, parameter.value) }
    try booster.set("verbosity", "1")
    try booster.configure()
    let messages = log.drain()
    let unused = messages.flatMap(XGBoostLog.unusedParameters)
    guard unused.isEmpty else {
      throw XGBoostError(
        .unknownParameter,
        "XGBoost \(library.version) does not know the parameter"
          + (unused.count == 1 ? " " : "s ") + unused.joined(separator: ", ")
          + ", or has no use for \(unused.count == 1 ? "it" : "them") with this objective and booster"
      )
    }
    if let verbosity = settings.value(of: "verbosity") { try booster.set("verbosity", verbosity) }
  }
}
