#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension XGBoostLibrary {
  /// Finds and opens the library.
  ///
  /// - Parameters:
  ///   - path: the library to open, and no other; nil to look in the usual places: where the
  ///     system's loader looks (Debian's and Ubuntu's `libxgboost0` and `libxgboost3`), where
  ///     Homebrew installs it, and inside the `xgboost` package of a `python3` on the search path.
  ///   - searchPath: the folders that may hold a `python3`; nil for those in `PATH`.
  /// - Throws: ``XGBoostError`` that says how to get the library on this system.
  public static func open(
    _ path: String? = nil, searchPath: String? = nil
  ) throws(XGBoostError) -> XGBoostLibrary {
    if let path {
      // Without a slash the loader would look elsewhere than in the current folder.
      return try XGBoostLibrary(path: path.contains("/") ? path : "./\(path)")
    }
    let searchPath = searchPath ?? ProcessInfo.processInfo.environment["PATH"] ?? ""
    return try first(of: systemNames + wheels(on: searchPath))
  }

  /// Opens the first of these that can be used.
  static func first(of candidates: [String]) throws(XGBoostError) -> XGBoostLibrary {
    var failures: [String] = []
    for candidate in candidates {
      do throws(XGBoostError) {
        return try XGBoostLibrary(path: candidate)
      } catch {
        // A name that is not there is no news; a file that does not work is.
        let exists = FileManager.default.fileExists(atPath: candidate)
        if error.code == .libraryUnsupported || exists { failures.append(error.message) }
      }
    }
    throw XGBoostError(
      .libraryMissing,
      "XGBoost's library, which does the training, is not installed; \(installation)"
        + failures.map { "; \($0)" }.joined())
  }

  private static var systemNames: [String] {
    #if os(macOS)
      ["libxgboost.dylib", "/opt/homebrew/lib/libxgboost.dylib", "/usr/local/lib/libxgboost.dylib"]
    #else
      ["libxgboost.so.3", "libxgboost.so.0", "libxgboost.so"]
    #endif
  }

  private static var installation: String {
    #if os(macOS)
      return "get it with: brew install xgboost"
    #else
      return FileManager.default.fileExists(atPath: "/etc/debian_version")
        ? "get it with: apt-get install libxgboost0 (libxgboost3 in newer releases)"
        : "get it with: pip install xgboost, and name the file lib/libxgboost.so inside that "
          + "package with --xgboost-library"
    #endif
  }

  /// The library inside the `xgboost` package of each `python3`:
  /// `PREFIX/lib/python3.11/site-packages/xgboost/lib/libxgboost.so` beside `PREFIX/bin/python3`.
  static func wheels(on searchPath: String) -> [String] {
    let files = FileManager.default
    return searchPath.split(separator: ":").flatMap { folder -> [String] in
      guard files.fileExists(atPath: "\(folder)/python3") else { return [] }
      let versions = (try? files.contentsOfDirectory(atPath: "\(folder)/../lib")) ?? []
      return versions.filter { $0.hasPrefix("python3.") }.sorted().flatMap { version in
        ["site-packages", "dist-packages"].flatMap { packages in
          ["so", "dylib"].map { suffix in
            "\(folder)/../lib/\(version)/\(packages)/xgboost/lib/libxgboost.\(suffix)"
          }
        }
      }
      .filter { files.fileExists(atPath: $0) }
    }
  }
}
