/// The compressions that model files come in, told by their first bytes.
enum Compression: String, CaseIterable {
  case gzip, zlib, bzip2, xz, lzma

  /// The compression of a file that begins like this; nil when it has none that is known.
  init?(_ start: some Collection<UInt8>) {
    let start = Array(start.prefix(6))
    guard let found = Self.allCases.first(where: { $0.begins(start) }) else { return nil }
    self = found
  }

  private func begins(_ start: [UInt8]) -> Bool {
    switch self {
    case .gzip: start.starts(with: [0x1F, 0x8B])
    // The first two bytes of zlib are a number that 31 divides.
    case .zlib:
      start.count > 1 && start[0] == 0x78 && (Int(start[0]) << 8 + Int(start[1])) % 31 == 0
    case .bzip2: start.starts(with: "BZh".utf8)
    case .xz: start.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00])
    case .lzma: start.starts(with: [0x5D, 0x00, 0x00])
    }
  }

  /// The most bytes that so many become: a few bytes of a bomb must not become all memory.
  static func limit(_ count: Int) -> Int {
    min(ModelFile.maximumSize, 1 << 26 + 32 * count)
  }

  /// Unpacks a file.
  ///
  /// - Throws: ``ModelFormatError`` when the bytes are damaged or become too many.
  func unpack(_ bytes: [UInt8]) throws -> [UInt8] {
    let limit = Self.limit(bytes.count)
    var decoder = try decoder()
    var output: [UInt8] = []
    var position = 0
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let step: (read: Int, written: Int, isAtEnd: Bool)
      do {
        step = try bytes.withUnsafeBytes { input in
          try chunk.withUnsafeMutableBytes { chunk in
            try decoder.step(
              UnsafeRawBufferPointer(rebasing: input[position...]), into: chunk)
          }
        }
      } catch {
        var error = ModelFormatError(wrapping: error)
        error.offset = position
        throw error
      }
      position += step.read
      output += chunk[..<step.written]
      guard output.count <= limit else {
        throw ModelFormatError(
          .tooLarge, "\(bytes.count) bytes of \(self) become more than \(limit)",
          remedy: "unpack the file first", offset: position)
      }
      if step.isAtEnd {
        guard position < bytes.count else { return output }
        // Files may be members one after another.
        guard begins(Array(bytes[position...].prefix(6))) else {
          throw error("more bytes follow its end", offset: position)
        }
        decoder = try self.decoder()
      } else if step.read == 0, step.written == 0 {
        throw error("the file ends too early", offset: bytes.count)
      }
    }
  }

  private func decoder() throws -> any Decompressor {
    switch self {
    case .gzip, .zlib: try ZlibDecompressor()
    case .bzip2: try BZip2Decompressor()
    case .xz, .lzma: try LZMADecompressor()
    }
  }

  private func error(_ message: String, offset: Int) -> ModelFormatError {
    ModelFormatError(.malformed, "the \(self) data is damaged: \(message)", offset: offset)
  }
}

/// One of the system's libraries, at work on a stream.
protocol Decompressor {
  /// Unpacks as much as there is input or room.
  func step(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) throws -> (read: Int, written: Int, isAtEnd: Bool)
}

extension Decompressor {
  func damaged(_ name: String, _ code: Int) -> ModelFormatError {
    ModelFormatError(.malformed, "the \(name) data is damaged (code \(code))")
  }
}
