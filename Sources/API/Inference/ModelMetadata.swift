import Forest
import Serving

/// What a tensor of a model looks like.
struct TensorMetadata: Sendable, Equatable {
  var name: String
  var datatype: Datatype
  /// -1 where a dimension varies: the rows.
  var shape: [Int]
}

/// What a model takes and gives.
struct ModelMetadata: Sendable, Equatable {
  var name: String
  var versions: [String]
  /// The format of its file, such as `xgboost_json`.
  var platform: String
  var inputs: [TensorMetadata]
  var outputs: [TensorMetadata]
  /// What else is known: task, labels, features.
  var properties: [(name: String, value: String)] {
    [("task", task)] + (labels.isEmpty ? [] : [("labels", labels.joined(separator: ","))])
      + [("features", features.joined(separator: ","))]
  }
  private var task: String
  private var labels: [String]
  private var features: [String]

  /// Describes a model.
  ///
  /// The one input that is told takes all features; the other form, one input a feature, is told by
  /// the property `features`.
  init(_ model: Model, versions: [String]) {
    name = model.id.name
    self.versions = versions
    platform = model.format
    inputs = [
      TensorMetadata(
        name: InferenceRows.inputName, datatype: .float32, shape: [-1, model.features.count])
    ]
    outputs = model.outputs.map { output in
      TensorMetadata(
        name: output.rawValue, datatype: output.datatype(of: model),
        shape: [-1] + model.shape(of: output))
    }
    task = model.task.rawValue
    labels = model.labels ?? []
    features = model.features.map(\.name)
  }
}

/// What a server is and can do.
struct ServerMetadata: Sendable, Equatable {
  let name = "coppice"
  let version = ServerVersion.current
  /// The extensions of the Open Inference Protocol, by Triton's names, that work.
  let extensions = [
    "binary_tensor_data", "classification", "model_configuration", "model_repository",
    "statistics", "parameters",
  ]
}

/// The version of this program.
public enum ServerVersion {
  /// Such as `0.1.0`.
  public static let current = "0.1.0"
}
