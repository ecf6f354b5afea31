import Synchronization

/// Memory for one call at a time, kept for the next call: an engine that needs more than the stack
/// offers allocates once for each thread that predicts at the same time, not once a call.
final class ScratchPool: @unchecked Sendable {
  private let byteCount: Int
  private let kept: UnsafeMutablePointer<Atomic<UInt>>
  private static let capacity = 64

  /// A pool of blocks of that many bytes.
  init(byteCount: Int) {
    self.byteCount = byteCount
    kept = .allocate(capacity: Self.capacity)
    for index in 0..<Self.capacity { (kept + index).initialize(to: Atomic(0)) }
  }

  deinit {
    for index in 0..<Self.capacity {
      UnsafeMutableRawPointer(bitPattern: kept[index].load(ordering: .acquiring))?.deallocate()
    }
    kept.deinitialize(count: Self.capacity)
    kept.deallocate()
  }

  /// Lends a block, aligned to 64 bytes; all zeros the first time, later as the last borrower left it.
  func withScratch<Result>(_ body: (UnsafeMutableRawPointer) -> Result) -> Result {
    let scratch = take() ?? make()
    defer { give(scratch) }
    return body(scratch)
  }

  private func make() -> UnsafeMutableRawPointer {
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
    scratch.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    return scratch
  }

  private func take() -> UnsafeMutableRawPointer? {
    for index in 0..<Self.capacity {
      guard kept[index].load(ordering: .relaxed) != 0 else { continue }
      if let scratch = UnsafeMutableRawPointer(
        bitPattern: kept[index].exchange(0, ordering: .acquiring))
      {
        return scratch
      }
    }
    return nil
  }

  private func give(_ scratch: UnsafeMutableRawPointer) {
    for index in 0..<Self.capacity {
      let (kept, _) = kept[index].compareExchange(
        expected: 0, desired: UInt(bitPattern: scratch), ordering: .releasing)
      if kept { return }
    }
    scratch.deallocate()
  }
}
