#if canImport(Glibc)
  import CMalloc
#endif

/// How the C library keeps memory.
enum Allocator {
  /// Keeps some of what was freed.
  ///
  /// Large bodies and answers come and go, and the system clears what it gave back to it, page by page,
  /// when it is asked for again: a sixth of the server's time for a large table.
  static func keepFreedMemory() {
    #if canImport(Glibc)
      mallopt(M_MMAP_THRESHOLD, 8 << 20)
      mallopt(M_TRIM_THRESHOLD, 32 << 20)
    #endif
  }
}
