/// Why a file is not a model that can be read, where the fault lies and what to do about it.
public struct ModelFormatError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kinds of fault; the raw values are fit for metric labels.
  public enum Code: String, Sendable {
    /// The file cannot be opened or read.
    case unreadable
    /// The file is larger than the reader takes.
    case tooLarge = "too_large"
    /// The bytes are of no format that is read here.
    case unknownFormat = "unknown_format"
    /// The bytes break the rules of their format, or contradict themselves.
    case malformed
    /// The bytes are sound, but say something that is not supported.
    case unsupported
  }

  /// The kind of fault.
  public let code: Code
  /// What is wrong.
  public let message: String
  /// What to do about it, if that is known.
  public let remedy: String?
  /// The file, if the model was read from one.
  public internal(set) var file: String?
  /// The place in the document, such as `learner.gradient_booster.model.trees[3]`.
  public internal(set) var path: String?
  /// The byte at which it was found, counted from 0.
  public internal(set) var offset: Int?

  init(_ code: Code, _ message: String, remedy: String? = nil, offset: Int? = nil) {
    self.code = code
    self.message = message
    self.remedy = remedy
    self.offset = offset
  }

  /// The place, what is wrong there and what to do, in one line.
  public var description: String {
    var text = file.map { $0 + ": " } ?? ""
    text += message
    let place = [path.map { "at \($0)" }, offset.map { "byte \($0)" }].compactMap(\.self)
    if !place.isEmpty { text += " (" + place.joined(separator: ", ") + ")" }
    if let remedy { text += "; " + remedy }
    return text
  }

  /// The same error, found inside this member or element of a document.
  func inside(_ step: String) -> ModelFormatError {
    var error = self
    guard let path else {
      error.path = step
      return error
    }
    error.path = path.hasPrefix("[") ? step + path : step + "." + path
    return error
  }
}
