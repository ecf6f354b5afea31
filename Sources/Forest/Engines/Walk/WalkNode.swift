/// A node of a tree that is laid out for walking without branches: a question (see ``RowCode``) and
/// how far ahead the child for yes is; the child for no follows it.
///
/// A leaf asks the question that is always answered yes and is 0 ahead: a walk that has arrived stays.
/// Its key is the leaf's number.
protocol WalkNode: BitwiseCopyable, SendableMetatype {
  /// Packs a node; nil if a part does not fit.
  init?(_ question: RowCode.Question, ahead: Int)

  var key: Int32 { get }
  /// How far ahead the children are; 0 for a leaf.
  var ahead: Int { get }
  /// The word that is asked about, shifted.
  func value(in words: UnsafePointer<Int32>, stride: Int) -> Int32
}

extension WalkNode {
  /// How far ahead the walk of a row goes on.
  @inline(__always)
  func step(_ words: UnsafePointer<Int32>, stride: Int) -> Int {
    ahead &+ (value(in: words, stride: stride) >= key ? 1 : 0)
  }
}

/// Eight bytes, for forests without categories: up to 65,535 words and steps.
struct NumberNode: WalkNode {
  private let bits: UInt64

  init?(_ question: RowCode.Question, ahead: Int) {
    guard question.shift == 0, question.word < 1 << 16, ahead < 1 << 16 else { return nil }
    bits =
      UInt64(UInt32(bitPattern: question.key)) | UInt64(question.word) << 32 | UInt64(ahead) << 48
  }

  @inline(__always) var key: Int32 { Int32(truncatingIfNeeded: bits) }
  @inline(__always) var ahead: Int { Int(bits >> 48) }
  @inline(__always)
  func value(in words: UnsafePointer<Int32>, stride: Int) -> Int32 {
    words[Int(bits >> 32 & 0xffff) &* stride]
  }
}

/// Eight bytes: up to 65,535 words and 2,047 steps.
struct CategoryNode: WalkNode {
  private let bits: UInt64

  init?(_ question: RowCode.Question, ahead: Int) {
    guard question.word < 1 << 16, ahead < 1 << 11 else { return nil }
    bits =
      UInt64(UInt32(bitPattern: question.key)) | UInt64(question.word) << 32
      | UInt64(question.shift) << 48 | UInt64(ahead) << 53
  }

  @inline(__always) var key: Int32 { Int32(truncatingIfNeeded: bits) }
  @inline(__always) var ahead: Int { Int(bits >> 53) }
  @inline(__always)
  func value(in words: UnsafePointer<Int32>, stride: Int) -> Int32 {
    words[Int(bits >> 32 & 0xffff) &* stride] &<< Int32(truncatingIfNeeded: bits >> 48)
  }
}

/// Sixteen bytes, for everything larger.
struct WideNode: WalkNode {
  let key: Int32
  private let storedAhead: UInt32
  private let word: UInt32
  private let shift: Int32

  init?(_ question: RowCode.Question, ahead: Int) {
    guard question.word < 1 << 32, ahead < 1 << 32 else { return nil }
    key = question.key
    storedAhead = UInt32(ahead)
    word = UInt32(question.word)
    shift = Int32(question.shift)
  }

  @inline(__always) var ahead: Int { Int(storedAhead) }
  @inline(__always)
  func value(in words: UnsafePointer<Int32>, stride: Int) -> Int32 {
    words[Int(word) &* stride] &<< shift
  }
}
