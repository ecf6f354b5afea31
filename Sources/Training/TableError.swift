/// Why a table cannot be used, and where in its file that was found.
public struct TableError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file, or the name of a bundled table.
  public let source: String
  /// The place in the file; nil when the whole file is meant.
  public let place: Table.Place?
  /// What is wrong, and what to do about it.
  public let message: String

  init(_ message: String, source: String, at place: Table.Place? = nil) {
    self.source = source
    self.place = place
    self.message = message
  }

  /// `FILE:LINE:COLUMN: MESSAGE`, as compilers write it.
  public var description: String {
    source + (place.map { ":\($0.line):\($0.column)" } ?? "") + ": " + message
  }
}
