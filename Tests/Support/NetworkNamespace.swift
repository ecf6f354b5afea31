import Foundation

/// A network of its own (Linux, as root), joined to this machine's by one cable that can be pulled.
public final class NetworkNamespace: Sendable {
  /// Whether this process may make one.
  public static let isPossible = (try? NetworkNamespace())?.remove() != nil

  /// The address of whatever runs in it.
  public let host: String
  /// What starts a command in it.
  public var launcher: [String] { ["ip", "netns", "exec", name] }

  private let name: String
  private var end: String { "cc\(name.suffix(8))b" }

  /// Makes one, with a cable to it.
  public init() throws {
    let number = UInt32.random(in: 0..<1 << 16)
    name = "coppice-\(String(format: "%08x", UInt32.random(in: 0...UInt32.max)))"
    // A link of two addresses out of a block for tests of networks (RFC 2544).
    let block = "198.18.\(number >> 8).\(number & 0xFC)"
    let prefix = block.split(separator: ".").dropLast().joined(separator: ".")
    host = "\(prefix).\((number & 0xFC) + 2)"
    let near = "cc\(name.suffix(8))a"
    do {
      try Self.ip("netns", "add", name)
      try Self.ip("link", "add", near, "type", "veth", "peer", "name", end, "netns", name)
      try Self.ip("addr", "add", "\(prefix).\((number & 0xFC) + 1)/30", "dev", near)
      try Self.ip("link", "set", near, "up")
      try Self.ip("-n", name, "addr", "add", "\(host)/30", "dev", end)
      try Self.ip("-n", name, "link", "set", "lo", "up")
      try heal()
    } catch {
      remove()
      throw error
    }
  }

  /// Pulls the cable: what is sent is lost, and nobody is told.
  public func cut() throws { try Self.ip("-n", name, "link", "set", end, "down") }

  /// Puts it back.
  public func heal() throws { try Self.ip("-n", name, "link", "set", end, "up") }

  /// Takes it down, and the cable with it.
  public func remove() { try? Self.ip("netns", "delete", name) }

  private static func ip(_ arguments: String...) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["ip"] + arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw SupportError("ip \(arguments.joined(separator: " ")) failed")
    }
  }
}
