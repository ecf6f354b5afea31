/// Why a change of the repository or of its rules was refused. Nothing was changed then.
public struct RepositoryError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of refusal it is.
  public enum Code: String, Sendable {
    /// The call itself is at fault.
    case invalid = "invalid_request"
    /// There is no such model.
    case unknownModel = "unknown_model"
    /// There is no such version.
    case unknownVersion = "unknown_version"
    /// There is no such label.
    case unknownLabel = "unknown_label"
    /// The version cannot answer requests now.
    case notReady = "version_not_ready"
    /// Something else stands in the way.
    case conflict
    /// Someone else changed it since the caller looked.
    case changed
    /// The file is larger than it may be.
    case tooLarge = "too_large"
    /// The file is no model, or does not do what its manifest says.
    case unacceptable = "unacceptable_model"
    /// The disk does not take it.
    case notSaved = "not_saved"
  }

  /// What kind of refusal it is.
  public let code: Code
  /// What is wrong, and what to do.
  public let message: String
  /// The part of the call that is at fault.
  public let field: String?

  /// Describes a refusal.
  public init(_ code: Code, _ message: String, field: String? = nil) {
    self.code = code
    self.message = message
    self.field = field
  }

  /// The code and what is wrong.
  public var description: String { "\(code.rawValue): \(message)" }
}
