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
