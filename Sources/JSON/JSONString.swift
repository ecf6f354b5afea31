extension String {
  /// The text as a JSON string, with its quotes; control characters are escaped.
  public var jsonQuoted: String {
    var quoted = "\""
    quoted.reserveCapacity(utf8.count + 2)
    for scalar in unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\u{0}"..<"\u{20}", "\u{7F}":
        quoted += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}

extension Float {
  /// The shortest JSON number that reads back as this value; `null` where JSON has no number.
  public var jsonNumber: String { isFinite ? description : "null" }
}
