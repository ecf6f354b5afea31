import JSON
import NIOCore
import Serving

/// What has to be known of a job to write its result; it travels with the job.
struct JobContext: Equatable {
  /// How the result looks.
  enum Form: String {
    /// As the answer of `/api/predict`.
    case json
    /// A line of JSON a row.
    case ndjson
    /// A table with a header.
    case csv

    var mediaType: String {
      switch self {
      case .json: "application/json"
      case .ndjson: "application/x-ndjson"
      case .csv: "text/csv; charset=utf-8"
      }
    }
  }

  let model: ModelID
  let form: Form
  /// Whether the answer is one object instead of a list.
  let isSingleRow: Bool

  init(model: ModelID, form: Form, isSingleRow: Bool = false) {
    self.model = model
    self.form = form
    self.isSingleRow = isSingleRow
  }

  /// Reads what ``text`` wrote; nil if it is something else.
  init?(_ text: String) {
    let parts = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 4, let form = Form(rawValue: parts[2]),
      ModelID.isValidName(parts[0]), ModelID.isValidName(parts[1])
    else { return nil }
    self.init(
      model: ModelID(name: parts[0], version: parts[1]), form: form, isSingleRow: parts[3] == "1")
  }

  /// Names have no spaces, so words are enough.
  var text: String {
    "\(model.name) \(model.version) \(form.rawValue) \(isSingleRow ? 1 : 0)"
  }
}
