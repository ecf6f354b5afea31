/// Where Vertex AI wants to be answered.
public struct VertexPaths: Sendable, Equatable {
  /// Of predictions; nil when nobody said.
  public let predict: String?
  /// Of the health check; nil when nobody said.
  public let health: String?

  /// What its variables of the environment say: `AIP_PREDICT_ROUTE` and `AIP_HEALTH_ROUTE`.
  ///
  /// What is no path, or could be taken for a parameter, does not count.
  public init(environment: [String: String] = [:]) {
    func path(_ name: String) -> String? {
      environment[name].flatMap {
        $0.hasPrefix("/") && !$0.contains { "{}*?#".contains($0) } ? $0 : nil
      }
    }
    predict = path("AIP_PREDICT_ROUTE")
    health = path("AIP_HEALTH_ROUTE")
  }
}
