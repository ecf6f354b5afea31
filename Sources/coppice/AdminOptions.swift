import API
import ArgumentParser

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Whether models may be changed on request, and by whom.
struct AdminOptions: ParsableArguments {
  @Flag(
    help: "Let callers on this machine load, unload and upload models and set labels and traffic.")
  var admin = false

  @Option(
    help: ArgumentHelp(
      "Let other callers do so too, with the bearer token in this file.", valueName: "file"))
  var adminTokenFile: String?

  @Option(help: "The largest model file that may be uploaded, in bytes.")
  var maxUploadBytes = 512 << 20

  func validate() throws {
    guard maxUploadBytes > 0 else {
      throw ValidationError("--max-upload-bytes must be more than 0")
    }
    guard admin || adminTokenFile == nil else {
      throw ValidationError("--admin-token-file needs --admin")
    }
  }

  /// Who may; nil for nobody.
  var access: AdminAccess? {
    get throws {
      guard admin else { return nil }
      guard let file = adminTokenFile else { return AdminAccess() }
      let text: String
      do {
        text = try String(contentsOfFile: file, encoding: .utf8)
      } catch {
        throw ValidationError("--admin-token-file: the file \(file) cannot be read")
      }
      let token = String(text.prefix { !$0.isNewline })
      guard token.utf8.count >= 16, token.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
        throw ValidationError(
          "--admin-token-file: the first line of \(file) must be a token of at least 16 "
            + "characters without spaces")
      }
      return AdminAccess(token: token)
    }
  }
}
