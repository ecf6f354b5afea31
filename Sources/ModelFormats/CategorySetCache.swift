import Forest

/// Sets of categories that many splits share, of which a file may not make too many.
///
/// A set takes as many bits as its highest code: a file of splits that each ask for one high code
/// would otherwise take a thousand times its size.
struct CategorySetCache {
  private var sets: [[Int]: CategorySet] = [:]
  private var words = 0

  /// What all sets together may take: 32 MiB.
  private static let maximumWords = 1 << 22

  /// The set of these codes.
  ///
  /// - Precondition: every code is at least 0 and less than ``CategorySet/limit``.
  mutating func set(_ codes: [Int]) throws -> CategorySet {
    if let set = sets[codes] { return set }
    words += (codes.max() ?? 0) / 64 + 1
    guard words <= Self.maximumWords else {
      throw ModelFormatError(.tooLarge, "the sets of categories take too much memory")
    }
    let set = CategorySet(codes)
    sets[codes] = set
    return set
  }
}
