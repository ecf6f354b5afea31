import SwiftProtobuf

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What the server serves, as protobuf describes it. No file needs another one.
struct ServiceDescriptions: Sendable {
  /// The bytes of a `FileDescriptorProto`.
  typealias File = Data

  /// The files by name.
  private(set) var files: [String: File] = [:]
  /// The full names of the services.
  private(set) var services: [String] = []
  /// The file that declares a symbol, by the symbol's full name.
  private var fileNames: [String: String] = [:]

  /// Reads what Scripts/protobuf/generate.sh wrote.
  init() {
    guard let bytes = Data(base64Encoded: serviceDescriptors),
      let set = try? Google_Protobuf_FileDescriptorSet(serializedBytes: bytes)
    else { return }
    for file in set.file {
      files[file.name] = try? file.serializedBytes()
      for service in file.service {
        let name = "\(file.package).\(service.name)"
        services.append(name)
        declare([name] + service.method.map { "\(name).\($0.name)" }, in: file)
      }
      declare(file.enumType.map { "\(file.package).\($0.name)" }, in: file)
      for message in file.messageType { declare(message, in: file.package, file) }
    }
  }

  /// The file that declares a service, a method or a type.
  func file(declaring symbol: String) -> File? { fileNames[symbol].flatMap { files[$0] } }

  private mutating func declare(_ symbols: [String], in file: Google_Protobuf_FileDescriptorProto) {
    for symbol in symbols { fileNames[symbol] = file.name }
  }

  private mutating func declare(
    _ message: Google_Protobuf_DescriptorProto, in scope: String,
    _ file: Google_Protobuf_FileDescriptorProto
  ) {
    let name = "\(scope).\(message.name)"
    declare([name] + message.enumType.map { "\(name).\($0.name)" }, in: file)
    for nested in message.nestedType { declare(nested, in: name, file) }
  }
}
