import FoundationEssentials

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What of the process's memory is in use.
enum ResidentMemory {
  /// The resident bytes after the allocator gave back what it holds in reserve; 0 where the system does
  /// not tell.
  static func bytes() -> Int {
    #if canImport(Glibc)
      // Swift's Glibc module leaves malloc.h out.
      typealias Trim = @convention(c) (Int) -> Int32
      if let trim = dlsym(nil, "malloc_trim") { _ = unsafeBitCast(trim, to: Trim.self)(0) }
    #endif
    guard let text = try? String(contentsOf: URL(filePath: "/proc/self/statm"), encoding: .utf8),
      let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    else { return 0 }
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }
}
