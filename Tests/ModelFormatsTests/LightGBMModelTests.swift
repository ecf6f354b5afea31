import Forest
import Foundation
import Testing

@testable import ModelFormats

/// What LightGBM files say of themselves, and what is refused by name.
struct LightGBMModelTests {
  @Test("Random forests are averaged", arguments: ["2.0.12", "2.2.1", "2.2.3", "3.3.5", "4.7.0"])
  func randomForest(version: String) throws {
    let forest = try LightGBMFixture(name: "\(version)/random-forest-binary").model().soleForest()
    #expect(forest.summation == .mean)
    // Until 2.2.2 the leaves are probabilities.
    let isOld = version.hasPrefix("2.0") || version == "2.2.1"
    #expect(
      forest.objective.link == .float64(isOld ? .probability : .logistic(scale: 1)))
    #expect(forest.objective.link.givesProbabilities)
  }

  @Test(
    "Objectives carry their parameters",
    arguments: [
      ("binary-sigmoid", Link.float64(.logistic(scale: 0.7))),
      ("multiclassova", .float64(.logistic(scale: 1.7))), ("multiclass", .float64(.softmax)),
      ("cross-entropy-lambda", .float64(.softplus)),
      ("regression-sqrt", .float64(.signedSquare)), ("tweedie", .float64(.exponential)),
      ("custom", .identity), ("lambdarank", .identity),
    ])
  func links(name: String, link: Link) throws {
    #expect(try LightGBMFixture(name: "4.7.0/\(name)").model().objective.link == link)
  }

  @Test("Ranges of the training data are kept")
  func ranges() throws {
    let feature = try LightGBMFixture(name: "4.7.0/classifier").model().features[0]
    #expect(feature.name == "sepal_length")
    #expect(feature.minimum == 4.3)
    #expect(feature.maximum == 7.9)
    let dumped = LightGBMFixture(name: "4.7.0/binary")
    #expect(try dumped.model().features == dumped.model("dump.json").features)
  }

  @Test("Names of categories that do not fit the columns are dropped")
  func otherCategories() throws {
    let fixture = LightGBMFixture(name: "4.7.0/categorical-pandas")
    let text = String(decoding: try fixture.bytes("txt"), as: UTF8.self)
    for replacement in ["[[\"blue\"], [10, 20, 30]]", "[[\"blue\", \"green\"]]", "null"] {
      let start = try #require(text.range(of: "pandas_categorical:"))
      let other = text[..<start.upperBound] + replacement + "\n"
      let model = try TreeModel.read(Array(other.utf8))
      #expect(model.features.allSatisfy { $0.categories == nil })
      #expect(model.features.map(\.type) == [.float, .categorical, .categorical])
    }
  }

  @Test("Line ends of other systems do no harm")
  func lineEnds() throws {
    let bytes = try LightGBMFixture(name: "4.7.0/categorical").bytes("txt")
    let text = String(decoding: bytes, as: UTF8.self)
    let other = try TreeModel.read(Array(text.replacing("\n", with: "\r\n").utf8))
    #expect(try other.soleForest().trees == TreeModel.read(bytes).soleForest().trees)
  }

  @Test("A dump is known whatever comes first in it")
  func orderOfKeys() throws {
    let bytes = try LightGBMFixture(name: "4.7.0/categorical").bytes("dump.json")
    let text = String(decoding: bytes, as: UTF8.self)
    let other = text.replacing(
      "{\"name\":\"tree\"", with: "{\"a\":{\"learner\":[1]},\"name\":\"tree\"")
    #expect(try TreeModel.read(Array(other.utf8)).format == .lightgbmJSON)
  }

  @Test("A random forest of 2.2 whose splits do not tell what its leaves are is refused")
  func unknownLeaves() throws {
    let bytes = try LightGBMFixture(name: "2.2.3/random-forest-poisson").bytes("txt")
    let text = String(decoding: bytes, as: UTF8.self)
    let error = try refusal(text.replacing("internal_value=", with: "other="))
    #expect(error.code == .unsupported)
    #expect(error.message.contains("random forest"))
  }

  @Test(
    "Kinds of model that are not supported are named",
    arguments: [
      ("2.0.12/binary.refused.json", "objective")
    ])
  func unsupported(name: String, message: String) throws {
    let path = Fixture.folder.appending(path: "lightgbm/\(name)").path
    let error = try #require(throws: ModelFormatError.self) {
      try TreeModel.read(contentsOf: path)
    }
    #expect(error.code == .unsupported)
    #expect(error.message.contains(message), "\(error)")
    #expect(error.remedy != nil)
  }
}
