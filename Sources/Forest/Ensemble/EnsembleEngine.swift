/// Computes margins and predictions with any ensemble, and what stands ahead of it.
///
/// One forest without preprocessing costs what its engine costs and nothing more. The engine never
/// changes after it is made, so any number of threads may use it at once.
public struct EnsembleEngine: Sendable {
  /// The model.
  public let ensemble: Ensemble
  /// What the columns go through first.
  public let preprocessing: Preprocessing?
  private let work: Work

  private enum Work: Sendable {
    case forest(any Engine)
    case linear(LinearModel)
    case combination(Combination, [EnsembleEngine])
  }

  /// The number of columns of a row.
  public var columnCount: Int { preprocessing?.columnCount ?? ensemble.featureCount }

  /// The engine of the forest, where the ensemble is one.
  public var forestEngine: (any Engine)? {
    if case .forest(let engine) = work { engine } else { nil }
  }

  /// An engine with the fastest engine for each forest.
  ///
  /// - Parameter threads: over how many threads a large batch may be split.
  /// - Precondition: the preprocessing gives the columns that the ensemble reads.
  public init(_ ensemble: Ensemble, preprocessing: Preprocessing? = nil, threads: Int = 1) {
    self.init(ensemble, preprocessing: preprocessing) { FastEngine($0, threads: threads) }
  }

  /// An engine with the engines that a function makes for its forests.
  ///
  /// - Precondition: the preprocessing gives the columns that the ensemble reads.
  public init<Failure>(
    _ ensemble: Ensemble, preprocessing: Preprocessing? = nil,
    forestEngine: (Forest) throws(Failure) -> any Engine
  ) throws(Failure) {
    precondition(
      preprocessing.map { $0.outputCount == ensemble.featureCount } ?? true,
      "the preprocessing gives other columns")
    self.ensemble = ensemble
    self.preprocessing = preprocessing
    switch ensemble {
    case .forest(let forest): work = .forest(try forestEngine(forest))
    case .linear(let model): work = .linear(model)
    case .combination(let combination):
      var engines: [EnsembleEngine] = []
      for member in combination.members {
        engines.append(
          try EnsembleEngine(
            member.ensemble, preprocessing: member.preprocessing, forestEngine: forestEngine))
      }
      work = .combination(combination, engines)
    }
  }

  /// The margins of each row: row-major, `outputCount` of the ensemble a row.
  ///
  /// - Precondition: the matrix has ``columnCount`` columns.
  public func margins(_ rows: Matrix) -> [Float] {
    guard let preprocessing else { return margins(prepared: rows) }
    return margins(prepared: preprocessing.apply(rows))
  }

  /// The transformed predictions of each row, shaped like the margins.
  ///
  /// - Precondition: the matrix has ``columnCount`` columns.
  public func predictions(_ rows: Matrix) -> [Float] {
    var values = margins(rows)
    ensemble.objective.link.apply(to: &values, outputCount: ensemble.outputCount)
    return values
  }

  private func margins(prepared rows: Matrix) -> [Float] {
    switch work {
    case .forest(let engine): engine.margins(rows)
    case .linear(let model): model.margins(rows)
    case .combination(let combination, let engines):
      combination.margins(
        readings: zip(combination.members, engines).map { $0.read($1.margins(rows)) },
        rowCount: rows.rowCount)
    }
  }
}
