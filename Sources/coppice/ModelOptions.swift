import ArgumentParser
import Logging
import Serving

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

  /// Loads the newest version of every model; those that fail are logged and left out.
  ///
  /// - Throws: an error when no model is left, or any failed and the option `strict` is on.
  func load(logger: Logger) throws -> ModelCatalog {
    var isFolder = false
    guard FileManager.default.fileExists(atPath: models, isDirectory: &isFolder) else {
      throw ModelLoadError(
        place: models,
        message: "there is no such file or folder; train a first model with: "
          + "coppice train iris --output models/iris")
    }
    guard isFolder else {
      let name = URL(filePath: models).deletingPathExtension().lastPathComponent
      let model = try Model(id: ModelID(name: name, version: "1"), file: models)
      return catalog([model], logger: logger)
    }
    return try load(ModelRepository(root: models), logger: logger)
  }

  private func load(_ repository: ModelRepository, logger: Logger) throws -> ModelCatalog {
    var loaded: [Model] = []
    for (name, versions) in try repository.models() {
      do throws(ModelLoadError) {
        loaded.append(try repository.load(ModelID(name: name, version: versions[0])))
      } catch {
        logger.error("model refused", metadata: ["model": "\(name)", "reason": "\(error)"])
        if strict { throw error }
      }
    }
    guard !loaded.isEmpty else {
      throw ModelLoadError(
        place: models,
        message: "there is no model to serve in it; a model is a folder "
          + "NAME/VERSION with a file model.json (or .ubj, .txt, .pkl), as coppice train writes it")
    }
    return catalog(loaded, repository: repository, logger: logger)
  }

  private func catalog(_ models: [Model], repository: ModelRepository? = nil, logger: Logger)
    -> ModelCatalog
  {
    for model in models {
      logger.info(
        "model loaded",
        metadata: [
          "model": "\(model.id.name)", "version": "\(model.id.version)",
          "format": "\(model.format)", "features": "\(model.features.count)",
        ])
    }
    return ModelCatalog(models, repository: repository)
  }
}
