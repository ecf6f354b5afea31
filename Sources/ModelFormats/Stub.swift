public import Forest
public struct TreeModel: Sendable { public var forest: Forest; public var format: ModelFormat; public var features: [Feature]; public static func read(contentsOf path: String) throws -> TreeModel { fatalError() } }
public enum ModelFormat: String, Sendable { case xgboostJSON = "xgboost_json" }
