import Jobs

/// The schemas that routes name.
enum Schemas {
  static let named: [(name: String, json: String)] = [
    (
      "Problem",
      object(
        #""type":{"type":"string"},"title":{"type":"string"},"status":{"type":"integer"},"#
          + #""code":{"type":"string"},"detail":{"type":"string"},"field":{"type":"string"},"#
          + #""request_id":{"type":"string"}"#,
        required: "type", "title", "status", "code", "detail", "request_id")
    ),
    ("ErrorMessage", object(#""error":{"type":"string"}"#, required: "error")),
    (
      "ErrorCode",
      object(
        #""error_code":{"type":"string"},"message":{"type":"string"}"#,
        required: "error_code", "message")
    ),
    ("Binary", #"{"type":"string","format":"binary"}"#),
    ("Status", object(#""status":{"type":"string"}"#, required: "status")),
    (
      "ReadyStatus",
      object(
        #""status":{"type":"string"},"models":{"type":"array","items":"#
          + object(
            #""name":{"type":"string"},"version":{"type":"string"}"#, required: "name", "version")
          + "}", required: "status", "models")
    ),
    // Jobs
    (
      "JobStatus",
      object(
        #""id":{"type":"string"},"status":{"enum":\#(JobState.allCases.map(\.rawValue).json)},"#
          + #""priority":{"enum":["interactive","normal","bulk"]},"model":{"type":"string"},"#
          + #""version":{"type":"string"},"progress":"#
          + object(
            #""rows":{"type":"integer"},"done":{"type":"integer"},"pieces":{"type":"integer"},"#
              + #""done_pieces":{"type":"integer"}"#,
            required: "rows", "done", "pieces", "done_pieces")
          + #","attempts":{"type":"integer"},"created_at":\#(time),"started_at":\#(time),"#
          + #""finished_at":\#(time),"deadline":\#(time),"error":{"type":"string"},"#
          + #""result":{"type":"string"}"#,
        required: "id", "status", "priority", "progress", "attempts", "created_at", "deadline",
        isClosed: true)
    ),
    (
      "JobList",
      object(
        ##""jobs":{"type":"array","items":{"$ref":"#/components/schemas/JobStatus"}},"##
          + #""next":{"type":"string"}"#, required: "jobs", isClosed: true)
    ),
    // One event: what stands after the names of its fields.
    (
      "JobEvent",
      object(
        #""event":{"enum":["progress","end"]},"id":{"type":"string"},"data":{"type":"string"}"#)
    ),
    // Administration
    (
      "ModelStatus",
      object(
        #""name":{"type":"string"},"versions":{"type":"array","items":"#
          + object(
            #""version":{"type":"string"},"state":{"type":"string"},"reason":{"type":"string"},"#
              + #""format":{"type":"string"}"#, required: "version", "state", isClosed: true)
          + #"},"newest":{"type":"string"},"labels":{"type":"object","#
          + ##""additionalProperties":{"type":"string"}},"traffic":{"$ref":"##
          + ##""#/components/schemas/TrafficRule"},"rollback":{"type":"string"},"##
          + #""revision":{"type":"string"}"#,
        required: "name", "versions", "labels", "revision", isClosed: true)
    ),
    ("ModelStatuses", ##"{"type":"array","items":{"$ref":"#/components/schemas/ModelStatus"}}"##),
    ("LabelTarget", object(#""version":{"type":"string"}"#, required: "version")),
    (
      "TrafficRule",
      object(
        #""weights":{"type":"object","additionalProperties":{"type":"integer","minimum":0,"#
          + #""maximum":100}},"sticky_header":{"type":"string"},"shadow":"#
          + object(
            #""version":{"type":"string"},"percent":{"type":"integer","minimum":1,"maximum":100}"#,
            required: "version", isClosed: true)
          + #","rollback":"#
          + object(
            #""error_rate":{"type":"number","minimum":0,"maximum":1},"#
              + #""latency_ratio":{"type":"number","minimum":1,"maximum":1000},"#
              + #""score_shift":{"type":"number","minimum":0,"maximum":1},"#
              + #""minimum_requests":{"type":"integer","minimum":1},"#
              + #""window":{"type":"integer","minimum":10,"maximum":10000}"#, isClosed: true),
        isClosed: true)
    ),
    // Rows
    ("Value", #"{"type":["number","string","null"]}"#),
    (
      "Row",
      #"{"anyOf":[{"type":"array","items":\#(value)},"#
        + #"{"type":"object","additionalProperties":\#(value)}]}"#
    ),
    (
      "PredictRequest",
      object(
        ##""data":{"anyOf":[{"$ref":"#/components/schemas/Row"},"##
          + ##"{"type":"array","items":{"$ref":"#/components/schemas/Row"}}]},"##
          + #""probabilities":{"type":"boolean"},"top_k":{"type":"integer","minimum":0}"#,
        required: "data", isClosed: true)
    ),
    (
      "PredictedRow",
      object(
        #""name":{"type":"string"},"prediction":{"anyOf":[{"type":["number","null"]},"#
          + #"{"type":"array","items":{"type":["number","null"]}}]},"#
          + #""probabilities":{"type":"object","additionalProperties":{"type":"number"}},"#
          + #""reasons":{"type":"array","items":"#
          + object(
            #""feature":{"type":"string"},"contribution":{"type":["number","null"]}"#,
            required: "feature", "contribution")
          + #"},"warnings":{"type":"array","items":{"type":"string"}}"#, required: "prediction")
    ),
    (
      "PredictAnswer",
      ##"{"anyOf":[{"$ref":"#/components/schemas/PredictedRow"},"##
        + ##"{"type":"array","items":{"$ref":"#/components/schemas/PredictedRow"}}]}"##
    ),
    (
      "V1Request",
      object(
        #""instances":\#(rows),"inputs":\#(rows),"parameters":{"type":"object"}"#)
    ),
    (
      "Invocation",
      #"{"anyOf":["#
        + object(
          #""instances":\#(rows),"inputs":{"type":["array","object"]},"#
            + #""dataframe_records":\#(rows),"dataframe_split":"#
            + object(
              #""columns":{"type":"array","items":{"type":"string"}},"#
                + #""data":{"type":"array","items":{"type":"array","items":\#(value)}}"#,
              required: "data")
            + #","params":{"type":"object"}"#)
        + ",\(rows)]}"
    ),
    (
      "Predictions",
      object(
        #""predictions":{"type":"array"},"warnings":{"type":"array","items":{"type":"string"}}"#,
        required: "predictions")
    ),
    (
      "Explanations",
      object(
        #""predictions":{"type":"array"},"explanations":{"type":"array"},"#
          + #""warnings":{"type":"array","items":{"type":"string"}}"#,
        required: "predictions", "explanations")
    ),
    (
      "V1Models",
      object(
        #""models":{"type":"array","items":{"type":"string"}}"#, required: "models")
    ),
    (
      "V1Model",
      object(
        #""name":{"type":"string"},"ready":{"type":"boolean"}"#, required: "name", "ready")
    ),
    ("Live", object(#""live":{"type":"boolean"}"#, required: "live")),
    ("Alive", object(#""status":{"type":"string"}"#, required: "status")),
    // Open Inference Protocol
    (
      "Ready",
      object(
        #""ready":{"type":"boolean"},"live":{"type":"boolean"}"#, required: "ready", "live")
    ),
    (
      "ServerMetadata",
      object(
        #""name":{"type":"string"},"version":{"type":"string"},"#
          + #""extensions":{"type":"array","items":{"type":"string"}}"#,
        required: "name", "version", "extensions")
    ),
    (
      "ModelReady",
      object(
        #""name":{"type":"string"},"ready":{"type":"boolean"}"#, required: "name", "ready")
    ),
    (
      "TensorMetadata",
      object(
        #""name":{"type":"string"},"datatype":{"type":"string"},"#
          + #""shape":{"type":"array","items":{"type":"integer"}}"#,
        required: "name", "datatype", "shape")
    ),
    (
      "ModelMetadata",
      object(
        #""name":{"type":"string"},"versions":{"type":"array","items":{"type":"string"}},"#
          + #""platform":{"type":"string"},"inputs":\#(tensorMetadata),"#
          + #""outputs":\#(tensorMetadata),"#
          + #""properties":{"type":"object","additionalProperties":{"type":"string"}}"#,
        required: "name", "platform", "inputs", "outputs")
    ),
    (
      "ModelConfiguration",
      object(
        #""name":{"type":"string"},"platform":{"type":"string"},"input":{"type":"array"},"#
          + #""output":{"type":"array"}"#, required: "name", "platform", "input", "output")
    ),
    (
      "Parameters",
      #"{"type":"object","additionalProperties":{"type":["string","number","boolean"]}}"#
    ),
    (
      "InferRequest",
      object(
        #""id":{"type":"string"},"parameters":\#(parameters),"inputs":{"type":"array","items":"#
          + object(
            #""name":{"type":"string"},"shape":{"type":"array","items":{"type":"integer","#
              + #""minimum":0}},"datatype":{"type":"string"},"parameters":\#(parameters),"#
              + #""data":{"type":"array"}"#,
            required: "name", "shape", "datatype")
          + #"},"outputs":{"type":"array","items":"#
          + object(#""name":{"type":"string"},"parameters":\#(parameters)"#, required: "name")
          + "}",
        required: "inputs")
    ),
    (
      "InferResponse",
      object(
        #""model_name":{"type":"string"},"model_version":{"type":"string"},"id":{"type":"string"},"#
          + #""parameters":\#(parameters),"outputs":{"type":"array","items":"#
          + object(
            #""name":{"type":"string"},"shape":{"type":"array","items":{"type":"integer"}},"#
              + #""datatype":{"type":"string"},"parameters":\#(parameters),"data":{"type":"array"}"#,
            required: "name", "shape", "datatype")
          + "}", required: "model_name", "outputs")
    ),
    (
      "Statistics",
      object(
        #""model_stats":{"type":"array","items":{"type":"object"}}"#, required: "model_stats")
    ),
    ("IndexRequest", object(#""ready":{"type":"boolean"}"#)),
    (
      "Index",
      #"{"type":"array","items":"#
        + object(
          #""name":{"type":"string"},"version":{"type":"string"},"state":{"type":"string"},"#
            + #""reason":{"type":"string"}"#, required: "name", "state", "reason") + "}"
    ),
    ("LoadRequest", object(#""parameters":{"type":"object"}"#)),
    (
      "Loaded",
      object(
        #""name":{"type":"string"},"load":{"type":"boolean"},"unload":{"type":"boolean"}"#,
        required: "name")
    ),
  ]

  private static let time = #"{"type":"string","format":"date-time"}"#
  private static let value = ##"{"$ref":"#/components/schemas/Value"}"##
  private static let rows =
    ##"{"type":"array","items":{"anyOf":[{"$ref":"#/components/schemas/Row"},\##(value)]}}"##
  private static let parameters = ##"{"$ref":"#/components/schemas/Parameters"}"##
  private static let tensorMetadata =
    ##"{"type":"array","items":{"$ref":"#/components/schemas/TensorMetadata"}}"##

  private static func object(
    _ properties: String, required: String..., isClosed: Bool = false
  ) -> String {
    "{\"type\":\"object\",\"properties\":{\(properties)}"
      + (required.isEmpty ? "" : ",\"required\":\(required.json)")
      + (isClosed ? ",\"additionalProperties\":false}" : "}")
  }
}
