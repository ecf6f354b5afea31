import JSON
import Serving

extension ModelMetadata {
  /// As the Open Inference Protocol has it.
  var json: String {
    let properties = properties.map { "\($0.name.jsonQuoted):\($0.value.jsonQuoted)" }
    return "{\"name\":\(name.jsonQuoted),\"versions\":\(versions.json),"
      + "\"platform\":\(platform.jsonQuoted),"
      + "\"inputs\":[\(inputs.map(\.json).joined(separator: ","))],"
      + "\"outputs\":[\(outputs.map(\.json).joined(separator: ","))],"
      + "\"properties\":{\(properties.joined(separator: ","))}}"
  }

  /// As Triton's model configuration.
  var configuration: String {
    func tensors(_ tensors: [TensorMetadata]) -> String {
      tensors.map {
        "{\"name\":\($0.name.jsonQuoted),\"data_type\":\"\($0.datatype.configurationName)\","
          + "\"dims\":\($0.shape.json)}"
      }.joined(separator: ",")
    }
    return "{\"name\":\(name.jsonQuoted),\"platform\":\(platform.jsonQuoted),"
      + "\"backend\":\"coppice\",\"max_batch_size\":0,\"input\":[\(tensors(inputs))],"
      + "\"output\":[\(tensors(outputs))]}"
  }
}

extension Datatype {
  /// Its name in Triton's model configuration.
  var configurationName: String { self == .bytes ? "TYPE_STRING" : "TYPE_\(rawValue)" }
}

extension TensorMetadata {
  fileprivate var json: String {
    "{\"name\":\(name.jsonQuoted),\"datatype\":\"\(datatype.rawValue)\",\"shape\":\(shape.json)}"
  }
}

extension RepositoryEntry {
  var json: String {
    "{\"name\":\(id.name.jsonQuoted),\"version\":\(id.version.jsonQuoted),"
      + "\"state\":\"\(state.rawValue)\",\"reason\":\(reason.jsonQuoted)}"
  }
}

extension PredictionStatistics.Counts {
  /// Requests that were answered, from their first byte decoded to the last one encoded.
  var whole: PredictionStatistics.Total {
    var whole = success
    whole.nanoseconds += input.nanoseconds + output.nanoseconds
    return whole
  }

  /// As Triton's statistics extension: what a model was asked since the process started.
  func json(_ id: ModelID) -> String {
    let nothing = PredictionStatistics.Total()
    let parts = [
      ("success", whole), ("fail", failure), ("queue", queue), ("compute_input", input),
      ("compute_infer", computation), ("compute_output", output), ("cache_hit", nothing),
      ("cache_miss", nothing),
    ]
    let durations = parts.map { "\"\($0.0)\":{\"count\":\($0.1.count),\"ns\":\($0.1.nanoseconds)}" }
    return "{\"name\":\(id.name.jsonQuoted),\"version\":\(id.version.jsonQuoted),"
      + "\"last_inference\":\(lastMilliseconds),\"inference_count\":\(rows),"
      + "\"execution_count\":\(success.count),"
      + "\"inference_stats\":{\(durations.joined(separator: ","))},"
      + "\"response_stats\":{},\"batch_stats\":[],\"memory_usage\":[]}"
  }
}
