import Forest

extension ScikitLearnModel {
  /// `Pipeline`: transformers, then a model.
  func pipeline(_ reader: inout EstimatorReader) throws -> TreeModel {
    var steps = try fields.steps("steps")
    guard let (name, last) = steps.popLast() else {
      throw ModelFormatError(.malformed, "the pipeline has no steps").inside("steps")
    }
    let model = try reader.model(last, at: "steps[\(name)]")
    var columns = ColumnPipeline(
      features: try features(steps, model: model), graph: graph)
    for (name, step) in steps {
      do {
        guard let object = try columns.transformer(step) else { continue }
        try columns.append(object)
      } catch {
        throw ModelFormatError(wrapping: error).inside("steps[\(name)]")
      }
    }
    return try columns.model(model)
  }

  /// The columns that the first step reads.
  private func features(
    _ steps: [(name: String, step: PickleValue)], model: TreeModel
  ) throws -> [Feature] {
    let input = TransformerInput(graph: graph)
    for (name, step) in steps {
      guard case .object(let object) = graph[step] else { continue }
      do {
        guard let count = try input.count(object) else { continue }
        guard 0...ModelFormat.maximumFeatureCount ~= count else {
          throw ModelFormatError(.tooLarge, "\(count) features are too many")
        }
        let names = try input.names(PickleFields(object, in: graph)) ?? []
        guard names.count == count, Set(names).count == count else {
          return (0..<count).map { Feature(name: "f\($0)") }
        }
        return names.map { Feature(name: $0) }
      } catch {
        throw ModelFormatError(wrapping: error).inside("steps[\(name)]")
      }
    }
    return model.features
  }
}
