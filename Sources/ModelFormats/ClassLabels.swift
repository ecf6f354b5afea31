/// The names of the classes of a classifier.
struct ClassLabels: Equatable {
  /// The names, as Python prints them.
  var names: [String]
  /// The same as numbers, where the labels are numbers.
  var numbers: [Float]?

  /// Labels; nil where they are 0, 1, 2, … and need none.
  init?(names: [String], numbers: [Float]? = nil) {
    guard names != names.indices.map(String.init) else { return nil }
    self.names = names
    self.numbers = numbers
  }
}
