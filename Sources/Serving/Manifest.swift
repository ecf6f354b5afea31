public import Forest

/// What `manifest.json` says about a model, beside the model file itself. Every part is optional.
public struct Manifest: Sendable, Equatable, Codable {
  /// The kind of answer that the model gives.
  public var task: ModelTask?
  /// The name of each class, by class number.
  public var labels: [String]?
  /// The input's columns, in order.
  public var features: [Feature]?
  /// Rows with the training library's own predictions, checked at every load.
  public var examples: [Example]?
  /// How the model was trained.
  public var training: Training?
  /// Figures measured when the model was trained, such as `test_accuracy`.
  public var metrics: [String: Double]?

  /// A manifest with these parts.
  public init(
    task: ModelTask? = nil, labels: [String]? = nil, features: [Feature]? = nil,
    examples: [Example]? = nil, training: Training? = nil, metrics: [String: Double]? = nil
  ) {
    self.task = task
    self.labels = labels
    self.features = features
    self.examples = examples
    self.training = training
    self.metrics = metrics
  }

  /// A row and what the training library predicts for it.
  public struct Example: Sendable, Equatable, Codable {
    /// One value a feature, nil where it is missing.
    public var row: [Float?]
    /// The library's transformed prediction: one value, or a probability a class.
    public var prediction: [Float]

    /// An example.
    public init(row: [Float?], prediction: [Float]) {
      self.row = row
      self.prediction = prediction
    }
  }

  /// How a model was trained: enough to do it again.
  public struct Training: Sendable, Equatable, Codable {
    /// The library, such as `xgboost`.
    public var library: String
    /// The library's version, such as `1.7.4`.
    public var libraryVersion: String
    /// The parameters as the library was given them.
    public var parameters: [String: String]
    /// The number of boosting rounds asked for.
    public var rounds: Int
    /// The seed of the split and of the library.
    public var seed: UInt64
    /// Where the rows came from.
    public var data: Data
    /// When it was trained, as ISO 8601 in UTC.
    public var trainedAt: String

    /// A record of a training.
    public init(
      library: String, libraryVersion: String, parameters: [String: String], rounds: Int,
      seed: UInt64, data: Data, trainedAt: String
    ) {
      self.library = library
      self.libraryVersion = libraryVersion
      self.parameters = parameters
      self.rounds = rounds
      self.seed = seed
      self.data = data
      self.trainedAt = trainedAt
    }

    enum CodingKeys: String, CodingKey {
      case library, parameters, rounds, seed, data
      case libraryVersion = "library_version"
      case trainedAt = "trained_at"
    }

    /// The rows that a model was trained on.
    public struct Data: Sendable, Equatable, Codable {
      /// The file's name, or the name of a bundled table.
      public var source: String
      /// The SHA-256 of its bytes, in hexadecimal.
      public var sha256: String
      /// The number of rows trained on.
      public var trainingRows: Int
      /// The number of rows that early stopping watched.
      public var validationRows: Int
      /// The number of rows kept for the test.
      public var testRows: Int

      /// A description of the rows.
      public init(
        source: String, sha256: String, trainingRows: Int, validationRows: Int, testRows: Int
      ) {
        self.source = source
        self.sha256 = sha256
        self.trainingRows = trainingRows
        self.validationRows = validationRows
        self.testRows = testRows
      }

      enum CodingKeys: String, CodingKey {
        case source, sha256
        case trainingRows = "training_rows"
        case validationRows = "validation_rows"
        case testRows = "test_rows"
      }
    }
  }
}
