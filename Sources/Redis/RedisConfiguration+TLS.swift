import NIOSSL

extension RedisConfiguration {
  /// What an encrypted connection needs; nil for a plain one.
  var tlsContext: NIOSSLContext? {
    get throws(RedisError) {
      guard usesTLS else { return nil }
      do {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let file = certificateAuthorityFile {
          configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(file))
        }
        return try NIOSSLContext(configuration: configuration)
      } catch {
        let file = certificateAuthorityFile.map { " with the certificates in \($0)" } ?? ""
        throw RedisError(.invalidConfiguration, "TLS to Redis cannot be set up\(file): \(error)")
      }
    }
  }
}
