import NIOCore

/// Names a job: 128 random bits, so that no one can guess another one's.
public struct JobID: Sendable, Hashable, CustomStringConvertible {
  private let high: UInt64
  private let low: UInt64

  /// A new name.
  public init(using random: inout some RandomNumberGenerator) {
    high = random.next()
    low = random.next()
  }

  /// The next of a process's names that are never told to anyone, each only different from all others.
  ///
  /// - Parameter process: random bits.
  init(number: UInt64, process: UInt64) {
    high = process
    low = number
  }

  /// Reads what ``description`` writes; anything else is `nil`.
  public init?(_ text: String) {
    let digits = Array(text.utf8)
    guard digits.count == 32,
      let high = Self.word(digits[..<16]), let low = Self.word(digits[16...])
    else { return nil }
    self.high = high
    self.low = low
  }

  private static func word(_ digits: ArraySlice<UInt8>) -> UInt64? {
    var word: UInt64 = 0
    for digit in digits {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        word = word << 4 | UInt64(digit - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"):
        word = word << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
      default: return nil
      }
    }
    return word
  }

  /// 32 hexadecimal digits.
  public var description: String {
    String(unsafeUninitializedCapacity: 32) { text in
      for index in 0..<32 {
        let word = index < 16 ? high : low
        let digit = UInt8(truncatingIfNeeded: word >> (60 - UInt64(index % 16) * 4)) & 15
        text[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
      }
      return 32
    }
  }
}

extension JobID {
  /// Reads what ``write(to:)`` writes; nil when there is less.
  init?(from bytes: inout ByteBuffer) {
    guard let (high, low) = bytes.readMultipleIntegers(as: (UInt64, UInt64).self) else {
      return nil
    }
    self.high = high
    self.low = low
  }

  /// Writes its 16 bytes.
  func write(to bytes: inout ByteBuffer) {
    bytes.writeMultipleIntegers(high, low)
  }
}
