import ArgumentParser

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Reads options from environment variables, by turning them into arguments: so they have the
/// types, the checks and the messages of the options on the command line.
struct EnvironmentOptions {
  static let prefix = "COPPICE_"

  private let environment: [String: String]

  init(_ environment: [String: String]) {
    self.environment = environment
  }

  /// The arguments that the environment adds to those of the command line.
  ///
  /// - Throws: `ValidationError` when a file that holds a value cannot be read, or a flag is
  ///   neither true nor false.
  func arguments(toAddTo arguments: [String], of commands: [any ParsableCommand.Type]) throws
    -> [String]
  {
    guard let command = commands.first(where: { $0._commandName == arguments.first }) else {
      return []
    }
    var added: [String] = []
    for option in Self.options(of: command) where !Self.isGiven(option.name, in: arguments) {
      guard let value = try value(of: option.name) else { continue }
      if !option.isFlag {
        added.append("--\(option.name)=\(value)")
      } else if let isOn = Bool(value) {
        if isOn { added.append("--\(option.name)") }
      } else {
        throw ValidationError("\(Self.variable(option.name)) must be true or false, not '\(value)'")
      }
    }
    return added
  }

  private func value(of option: String) throws -> String? {
    let variable = Self.variable(option)
    if let value = environment[variable] { return value.isEmpty ? nil : value }
    // Vertex AI's own variable for the port.
    if option == "port", let port = environment["AIP_HTTP_PORT"], !port.isEmpty { return port }
    guard let path = environment[variable + "_FILE"], !path.isEmpty else { return nil }
    do {
      let text = try String(contentsOfFile: path, encoding: .utf8)
      return String(text.prefix { !$0.isNewline })
    } catch {
      throw ValidationError("\(variable)_FILE: the file \(path) cannot be read")
    }
  }

  private static func variable(_ option: String) -> String {
    prefix + option.uppercased().replacing("-", with: "_")
  }

  private static func isGiven(_ option: String, in arguments: [String]) -> Bool {
    arguments.contains { $0 == "--\(option)" || $0.hasPrefix("--\(option)=") }
  }
}

extension EnvironmentOptions {
  private struct Option {
    let name: String
    let isFlag: Bool
  }

  /// The options that a command declares as properties, by their long names.
  ///
  /// As the parser itself, it looks at the property wrappers of a fresh value.
  private static func options(of type: any ParsableArguments.Type) -> [Option] {
    Mirror(reflecting: type.init()).children.flatMap { child -> [Option] in
      guard let label = child.label, label.hasPrefix("_") else { return [] }
      switch child.value {
      case let group as any OptionGrouping: return options(of: group.type)
      case is any OptionWrapping: return [Option(name: kebab(label), isFlag: false)]
      case is any FlagWrapping: return [Option(name: kebab(label), isFlag: true)]
      default: return []
      }
    }
  }

  /// `_logLevel` as `log-level`.
  private static func kebab(_ label: String) -> String {
    label.dropFirst().reduce(into: "") { name, character in
      name += character.isUppercase ? "-\(character.lowercased())" : String(character)
    }
  }
}

private protocol OptionWrapping {}
private protocol FlagWrapping {}
private protocol OptionGrouping { var type: any ParsableArguments.Type { get } }

extension Option: OptionWrapping {}
extension Flag: FlagWrapping {}
extension OptionGroup: OptionGrouping {
  fileprivate var type: any ParsableArguments.Type { Value.self }
}
