public import ArgumentParser
public import Training

extension BundledTable: ExpressibleByArgument {}

extension TrainingParameter: ExpressibleByArgument {
  /// Reads `NAME=VALUE`.
  public init?(argument: String) { self.init(argument) }
}

extension DataSplit.Fractions: ExpressibleByArgument {
  /// Reads three numbers with commas between.
  public init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
    guard parts.count == 3, let training = parts[0], let validation = parts[1], let test = parts[2]
    else { return nil }
    self.init(training: training, validation: validation, test: test)
  }

  /// As it is written on the command line.
  public var defaultValueDescription: String {
    values.map { "\($0)" }.joined(separator: ",")
  }
}
