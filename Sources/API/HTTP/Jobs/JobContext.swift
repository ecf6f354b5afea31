import JSON
import Serving

/// What has to be known of a job to write its result; it travels with the job.
struct JobContext {
  /// How the result looks.
  enum Form: String {
    /// As the answer of `/api/predict`.
    case json
    /// A line of JSON a row.
    case ndjson
    /// A table with a header.
    case csv
    /// As the answer of the Open Inference Protocol.
    case tensors
  }

  let model: ModelID
  let form: Form
  /// Whether the answer is one object instead of a list.
  var isSingleRow = false
  /// How many features to name that moved each prediction most.
  var reasonCount = 0
  /// The id of the inference request.
  var requestID = ""
  /// The tensors that it asks for.
  var outputs: [WantedOutput] = []
  /// What is odd about the rows.
  var warnings = RowWarnings()
}

extension JobContext {
  /// JSON, without what is as usual.
  var text: String {
    var members = [
      "\"model\":\(model.name.jsonQuoted)", "\"version\":\(model.version.jsonQuoted)",
      "\"form\":\"\(form.rawValue)\"",
    ]
    if isSingleRow { members.append("\"single\":true") }
    if reasonCount > 0 { members.append("\"top_k\":\(reasonCount)") }
    if form == .tensors {
      members.append("\"id\":\(requestID.jsonQuoted)")
      members.append("\"outputs\":[\(outputs.map(\.json).joined(separator: ","))]")
    }
    if warnings.count > 0 {
      let told = warnings.told.map { "{\"row\":\($0.row),\"text\":\($0.text.jsonQuoted)}" }
      members.append("\"warnings\":[\(told.joined(separator: ","))]")
      members.append("\"warning_count\":\(warnings.count)")
    }
    return "{" + members.joined(separator: ",") + "}"
  }

  /// Reads what ``text`` wrote; nil if it is something else.
  init?(_ text: String) {
    var text = text
    // Safe: the scanner stays within the closure.
    let context = try? text.withUTF8 { bytes in
      try JSONScanner.read(bytes) { json in try Self(&json) }
    }
    guard let context else { return nil }
    self = context
  }

  private init(_ json: inout JSONScanner) throws {
    var (name, version, form): (String?, String?, Form?) = (nil, nil, nil)
    var (isSingleRow, reasonCount, requestID) = (false, 0, "")
    var outputs: [WantedOutput] = []
    var (told, count): ([RowWarnings.Warning], Int) = ([], 0)
    try json.object { key, json in
      switch key {
      case "model": name = try json.string()
      case "version": version = try json.string()
      case "form": form = Form(rawValue: try json.string())
      case "single": isSingleRow = try json.bool()
      case "top_k": reasonCount = try json.integer()
      case "id": requestID = try json.string()
      case "outputs": try json.array { _, json in outputs.append(try WantedOutput(&json)) }
      case "warnings":
        try json.array { _, json in told.append(try RowWarnings.Warning(&json)) }
      case "warning_count": count = try json.integer()
      default: try json.skip()
      }
    }
    guard let name, let version, let form, ModelID.isValidName(name), ModelID.isValidName(version)
    else { throw json.error("no model or form") }
    self.init(
      model: ModelID(name: name, version: version), form: form, isSingleRow: isSingleRow,
      reasonCount: reasonCount, requestID: requestID, outputs: outputs,
      warnings: RowWarnings(told: told, count: count))
  }
}

extension WantedOutput {
  fileprivate var json: String {
    "{\"name\":\"\(output.rawValue)\""
      + (wantsBinary.map { ",\"binary\":\($0)" } ?? "")
      + (largest.map { ",\"largest\":\($0)" } ?? "") + "}"
  }

  fileprivate init(_ json: inout JSONScanner) throws {
    var output: Output?
    var wantsBinary: Bool?
    var largest: Int?
    try json.object { key, json in
      switch key {
      case "name": output = Output(rawValue: try json.string())
      case "binary": wantsBinary = try json.bool()
      case "largest": largest = try json.integer()
      default: try json.skip()
      }
    }
    guard let output, largest ?? 1 > 0 else { throw json.error("no output") }
    self.init(output: output, wantsBinary: wantsBinary)
    self.largest = largest
  }
}

extension RowWarnings.Warning {
  fileprivate init(_ json: inout JSONScanner) throws {
    var (row, text) = (0, "")
    try json.object { key, json in
      switch key {
      case "row": row = try json.integer()
      case "text": text = try json.string()
      default: try json.skip()
      }
    }
    self.init(row: row, text: text)
  }
}
