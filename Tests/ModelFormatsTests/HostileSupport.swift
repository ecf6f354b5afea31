import Testing

@testable import ModelFormats

/// Damages some bytes again and again: each file gives a model, or an error that tells the place.
func expectModelOrError(
  _ bytes: [UInt8], in range: Range<Int>? = nil, seed: UInt64, count: Int
) throws {
  var random = Random(seed: seed)
  var refusals = 0
  for _ in 0..<count {
    var damaged = bytes
    for _ in 0..<Int.random(in: 1...8, using: &random) {
      let position = Int.random(in: range ?? bytes.indices, using: &random)
      if Bool.random(using: &random) {
        damaged[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      } else {
        damaged[position] = UInt8.random(in: .min ... .max, using: &random)
      }
    }
    do {
      _ = try TreeModel.read(damaged)
    } catch {
      refusals += 1
      #expect(!error.message.isEmpty)
      #expect(error.path != nil || error.offset != nil || error.code == .unknownFormat, "\(error)")
    }
  }
  #expect(refusals > 0)
}

/// The error that these bytes are.
func refusal(_ bytes: [UInt8]) throws -> ModelFormatError {
  try #require(throws: ModelFormatError.self) { try TreeModel.read(bytes) }
}

/// The error that this text is.
func refusal(_ text: String) throws -> ModelFormatError {
  try refusal(Array(text.utf8))
}
