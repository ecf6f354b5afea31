public import ArgumentParser
import CoreMetrics
import Logging
public import Serving

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Which models a service loads.
struct ModelOptions: ParsableArguments {
  @Argument(help: "A model file, or a repository: a folder with a folder NAME/VERSION a model.")
  var models = "models"

  @Flag(help: "Do not start when any model cannot be loaded.")
  var strict = false

  @Option(
    help: ArgumentHelp(
      "Versions to keep in memory: latest, all, or names such as 1,3.", valueName: "versions"))
  var versionPolicy = VersionPolicy.latest

  @Option(
    help: ArgumentHelp(
      "Where labels, traffic rules and the like are kept; by default .coppice.json in the repository.",
      valueName: "file"))
  var state: String?

  @Option(
    help: ArgumentHelp(
      "How often to look for changes that the system does not tell, as on network volumes; 0 for never.",
      valueName: "seconds"))
  var poll = 60.0

  func validate() throws {
    guard poll == 0 || (0.1...86_400).contains(poll) else {
      throw ValidationError("--poll must be 0, or 0.1 to 86400 seconds")
    }
  }

  /// A manager that has loaded the models; those that fail are logged and left out.
  ///
  /// - Parameters:
  ///   - keptForJobs: how many versions that are not served may stay in memory for jobs.
  ///   - trial: how new versions are tried before they take over.
  ///   - mayBeEmpty: whether models may come later.
  /// - Throws: an error when no model is left, or any failed and the option `strict` is on.
  func manager(
    keptForJobs: Int = 0, trial: TrialBounds? = nil, mayBeEmpty: Bool = false,
    metrics: any MetricsFactory, logger: Logger
  ) async throws -> ModelManager {
    var isFolder = false
    guard FileManager.default.fileExists(atPath: models, isDirectory: &isFolder) else {
      throw ModelLoadError(
        place: models,
        message: "there is no such file or folder; train a first model with: "
          + "coppice train iris --output models/iris")
    }
    var configuration = ModelManager.Configuration()
    configuration.policy = versionPolicy
    configuration.stateFile = state ?? (isFolder ? "\(models)/.coppice.json" : nil)
    configuration.poll = poll == 0 ? nil : .seconds(poll)
    configuration.keptForJobs = keptForJobs
    configuration.trial = trial
    let manager = ModelManager(
      isFolder ? ModelRepository(root: models) : ModelRepository(file: models),
      configuration: configuration, metrics: metrics, logger: logger)
    let refusals = try await manager.start()
    if let first = refusals.first, strict || !isFolder { throw first }
    let isUnloaded = manager.index().contains { $0.reason == "it was unloaded" }
    guard mayBeEmpty || isUnloaded || !manager.catalog.models.isEmpty else {
      throw ModelLoadError(
        place: models,
        message: "there is no model to serve in it; a model is a folder "
          + "NAME/VERSION with a file model.json (or .ubj, .txt, .pkl), as coppice train writes it")
    }
    return manager
  }
}

extension VersionPolicy: ExpressibleByArgument {
  /// `latest`, `all` or versions with commas between them.
  public init?(argument: String) {
    self.init(argument)
  }

  /// As ``VersionPolicy/description``.
  public var defaultValueDescription: String { description }
}
