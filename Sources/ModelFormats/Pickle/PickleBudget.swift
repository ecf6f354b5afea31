/// The bytes of arrays that a model may still be made of.
///
/// An array in the file may be pointed to many times, and each would become a tree of its own; real
/// models point to each once, and so need no more bytes than there are.
struct PickleBudget {
  private var bytes: Int

  init(bytes: Int) {
    self.bytes = bytes
  }

  /// Takes from the budget.
  mutating func spend(_ count: Int) throws {
    bytes -= count
    guard bytes >= 0 else {
      throw ModelFormatError(.tooLarge, "the trees would take more memory than the file has bytes")
    }
  }
}
