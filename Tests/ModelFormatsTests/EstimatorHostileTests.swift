import Testing

@testable import ModelFormats

/// Estimators that hold themselves, or too much, or what is not read.
@Suite(.timeLimit(.minutes(5)))
struct EstimatorHostileTests {
  @Test(
    "An estimator that is more than its bytes is refused soon",
    arguments: [
      ("voting-copies", .tooLarge, "more memory"), ("pipeline-deep", .tooLarge, "deep"),
      ("encoders", .tooLarge, "columns and codes"), ("voting-itself", .tooLarge, "deep"),
      ("function", .unsupported, "numpy.log1p"), ("components", .unsupported, "PCA"),
      ("svm", .unsupported, "SVC"), ("scaler", .unsupported, "StandardScaler beside the model"),
      ("forest-unfitted", .malformed, "no estimators"),
    ] as [(String, ModelFormatError.Code, String)])
  func refused(name: String, code: ModelFormatError.Code, message: String) throws {
    let file = PickleFixture(path: "pickle/hostile/\(name).pkl").file
    let error = try #require(throws: ModelFormatError.self) {
      try TreeModel.read(contentsOf: file)
    }
    #expect(error.code == code, "\(error)")
    #expect(error.message.contains(message), "\(error)")
    #expect(error.path != nil || error.offset != nil)
  }
}
