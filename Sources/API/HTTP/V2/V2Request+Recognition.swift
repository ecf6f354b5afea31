import JSON
import NIOCore

extension V2Request {
  /// Whether a body of JSON is an inference request: it has `inputs`, where the rows of `/api/predict`
  /// stand in `data`. Whichever comes first decides.
  static func isOne(_ body: ByteBuffer) -> Bool {
    /// Ends the reading.
    struct Seen: Error {
      let isOne: Bool
    }
    do {
      try body.withUnsafeReadableBytes { bytes in
        // Safe: the scanner stays within this closure.
        try JSONScanner.read(bytes.bindMemory(to: UInt8.self)) { json in
          try json.object { key, json in
            switch key {
            case "inputs": throw Seen(isOne: true)
            case "data": throw Seen(isOne: false)
            default: try json.skip()
            }
          }
        }
      }
      return false
    } catch {
      // What is no JSON is told by whoever decodes it.
      return (error as? Seen)?.isOne ?? false
    }
  }
}
