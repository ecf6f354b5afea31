import NIOCore

extension Channel {
  /// Reads up to half a megabyte at once where a lot comes in, and hands each read on before the
  /// next: whoever takes a large body then has work until more is there. Buffers stay small where little
  /// comes.
  func readMuchAtOnce() {
    let sizes = AdaptiveRecvByteBufferAllocator(minimum: 64, initial: 2048, maximum: 512 << 10)
    try? syncOptions?.setOption(.recvAllocator, value: sizes)
    try? syncOptions?.setOption(.maxMessagesPerRead, value: 1)
  }
}
