import HTTPTypes
import HummingbirdCore
import NIOCore

/// Who may change models while the server runs: a caller on this machine, or one with the token.
///
/// A request that a proxy passed on, or that a web page sent, does not count as one of this machine,
/// wherever its connection comes from.
public struct AdminAccess: Sendable {
  private let token: [UInt8]?

  /// - Parameter token: what other callers must present; nil lets none of them in.
  public init(token: String? = nil) {
    self.token = token.map { Array($0.utf8) }
  }

  /// Why the caller may not; nil when it may.
  func refusal(of head: HTTPRequest, from address: SocketAddress?) -> Problem? {
    refusal(
      authorization: head.headerFields[.authorization],
      isPassedOn: Self.passedOn.contains { head.headerFields.contains($0) },
      isLocal: address?.isLoopback == true)
  }

  /// Why the caller may not; nil when it may.
  ///
  /// - Parameters:
  ///   - authorization: what it presents, such as `Bearer` and the token.
  ///   - isPassedOn: whether another one, such as a proxy, passed the call on.
  ///   - isLocal: whether the connection comes from this machine.
  func refusal(authorization: String?, isPassedOn: Bool, isLocal: Bool) -> Problem? {
    if let authorization {
      return isToken(authorization) ? nil : Self.unauthorized("the token is not the right one")
    }
    if !isPassedOn, isLocal { return nil }
    guard token != nil else {
      return Problem(
        status: .forbidden, code: "forbidden",
        detail: "only callers on the server's own machine may do this; others need a token, which "
          + "the server takes from --admin-token-file")
    }
    return Self.unauthorized("send Authorization: Bearer and the token")
  }

  private static let passedOn: [HTTPField.Name] = [
    .origin, HTTPField.Name("Forwarded")!, HTTPField.Name("X-Forwarded-For")!,
  ]

  private static func unauthorized(_ detail: String) -> Problem {
    Problem(
      status: .unauthorized, code: "unauthorized", detail: detail,
      headers: [.wwwAuthenticate: "Bearer"])
  }

  /// Takes the same time wherever the first difference is.
  private func isToken(_ field: String) -> Bool {
    guard let token, field.lowercased().hasPrefix("bearer ") else { return false }
    let presented = Array(field.utf8.dropFirst("bearer ".utf8.count))
    guard presented.count == token.count else { return false }
    return zip(presented, token).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }
}

extension SocketAddress {
  /// Whether it is one of this machine's own, which no other machine can have.
  fileprivate var isLoopback: Bool {
    switch self {
    case .unixDomainSocket: true
    case .v4: ipAddress?.hasPrefix("127.") ?? false
    case .v6: ipAddress == "::1" || ipAddress?.hasPrefix("::ffff:127.") ?? false
    }
  }
}
