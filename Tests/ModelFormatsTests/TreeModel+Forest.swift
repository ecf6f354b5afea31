import Forest
import ModelFormats
import Testing

extension TreeModel {
  /// The forest of a model that is one.
  func soleForest() throws -> Forest { try #require(forest) }
}
