import ForestKernels

/// Numbers that are written once and then only read, by any number of threads: an engine's tables.
///
/// Aligned to a cache line, so that no vector load straddles two; tables of several megabytes lie on
/// large pages where the system has them.
final class Table<Element: BitwiseCopyable>: @unchecked Sendable {
  // Safe to share: no one writes after init.
  let pointer: UnsafePointer<Element>
  let count: Int

  private static var largePage: Int { 1 << 21 }

  /// Copies the elements.
  init(_ elements: [Element]) {
    count = elements.count
    let byteCount = count * MemoryLayout<Element>.stride
    let isLarge = byteCount >= 2 * Self.largePage
    let bytes = UnsafeMutableRawPointer.allocate(
      byteCount: max(1, byteCount), alignment: isLarge ? Self.largePage : 64)
    if isLarge { fk_advise_large_pages(bytes, byteCount) }
    let start = bytes.bindMemory(to: Element.self, capacity: count)
    elements.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { start.initialize(from: base, count: elements.count) }
    }
    pointer = UnsafePointer(start)
  }

  /// Copies the bytes of the elements.
  convenience init(bytesOf elements: [some BitwiseCopyable]) where Element == UInt8 {
    self.init(elements.withUnsafeBytes(Array.init))
  }

  deinit { UnsafeMutablePointer(mutating: pointer).deallocate() }
}
