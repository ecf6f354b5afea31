import Forest
import Testing

@testable import ModelFormats

/// ONNX files that are cut, damaged or made to do harm: each is one clear error, soon.
@Suite(.timeLimit(.minutes(5)))
struct ONNXHostileTests {
  static let files = ["by-hand-five", "scaled-and-imputed", "column-transformer"].map {
    AnsweredFixture(name: "onnx/skl2onnx-1.20.0/\($0)", ending: "onnx")
  }

  @Test("A file that is cut anywhere is refused", arguments: files)
  func truncated(fixture: AnsweredFixture) throws {
    let bytes = try fixture.bytes()
    for count in stride(from: 0, to: bytes.count - 1, by: 7) {
      // Cut between two fields of the file itself, it may still be whole but for the version.
      guard let model = try? TreeModel.read(Array(bytes[..<count])) else { continue }
      #expect(model.ensemble.treeCount > 0)
      #expect(count > bytes.count - 60)
    }
  }

  @Test("A damaged file gives a model or an error, never a crash", arguments: files)
  func damaged(fixture: AnsweredFixture) throws {
    try expectModelOrError(fixture.bytes(), seed: 31, count: 1000)
  }

  /// A tree of one split: what the tests change.
  static func stump(
    modes: [String] = ["BRANCH_LEQ", "LEAF", "LEAF"], yes: [Int] = [1, 0, 0],
    no: [Int] = [2, 0, 0],
    nodes: [Int] = [0, 1, 2], features: [Int] = [0, 0, 0], values: [Float] = [1, 0, 0],
    weightNodes: [Int] = [1, 2], targets: Int = 1, input: String = "X", output: String = "Y"
  ) -> Message {
    Message.node(
      "TreeEnsembleRegressor", inputs: [input], outputs: [output],
      attributes: [
        .ints("nodes_treeids", modes.map { _ in 0 }), .ints("nodes_nodeids", nodes),
        .ints("nodes_featureids", features), .ints("nodes_truenodeids", yes),
        .ints("nodes_falsenodeids", no), .floats("nodes_values", values),
        .strings("nodes_modes", modes), .ints("target_treeids", weightNodes.map { _ in 0 }),
        .ints("target_nodeids", weightNodes), .ints("target_ids", weightNodes.map { _ in 0 }),
        .floats("target_weights", weightNodes.map(Float.init)), .int("n_targets", targets),
      ])
  }

  @Test("The models of these tests are read")
  func sound() throws {
    let model = try TreeModel.read(Message.model([Self.stump()]))
    #expect(model.ensemble.treeCount == 1)
    #expect(model.features.map(\.name) == ["f0", "f1"])
  }

  @Test(
    "What contradicts itself is refused with the node",
    arguments: [
      ([stump(yes: [0, 0, 0])], "child of two nodes"),
      ([stump(yes: [7, 0, 0])], "not in the tree"),
      ([stump(yes: [-1, 0, 0])], "not in the tree"),
      ([stump(nodes: [0, 1, 1])], "twice"),
      ([stump(features: [2, 0, 0])], "feature 2"),
      ([stump(features: [-1, 0, 0])], "no index"),
      ([stump(values: [.nan, 0, 0])], "threshold"),
      ([stump(values: [1])], "nodes_values"),
      ([stump(modes: ["BRANCH_EQ", "LEAF", "LEAF"], values: [1e9, 0, 0])], "no category"),
      ([stump(modes: ["BRANCH_XOR", "LEAF", "LEAF"])], "BRANCH_XOR"),
      ([stump(weightNodes: [1, 9])], "does not exist"),
      ([stump(targets: 0)], "n_targets"),
      ([stump(targets: 1 << 40)], "n_targets"),
      ([stump(targets: 70_000)], "n_targets"),
      ([stump(input: "Z")], "no node before makes"),
      ([], "no node makes"),
      ([stump(), stump()], "two nodes make"),
      ([.node("Loop", inputs: ["X"], outputs: ["Y"], attributes: [])], "Loop"),
      (
        [.node("Identity", inputs: ["X"], outputs: ["Y"], attributes: [])],
        "no output is the answer"
      ),
    ] as [([Message], String)])
  func contradictions(nodes: [Message], message: String) {
    let error = #expect(throws: ModelFormatError.self) {
      try TreeModel.read(Message.model(nodes))
    }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    #expect(error?.path != nil)
  }

  @Test("Columns that are doubled again and again are refused")
  func doubled() {
    let nodes = (0..<60).map { index in
      Message.node(
        "Concat", inputs: Array(repeating: index == 0 ? "X" : "C\(index)", count: 2),
        outputs: ["C\(index + 1)"], attributes: [.int("axis", 1)])
    }
    let error = #expect(throws: ModelFormatError.self) {
      try TreeModel.read(Message.model(nodes + [Self.stump(input: "C60")]))
    }
    #expect(error?.code == .tooLarge)
  }

  @Test("Ensembles that are put together with themselves again and again are refused")
  func doubledEnsembles() {
    let sums = (0..<60).map { index in
      Message.node(
        "Sum", inputs: Array(repeating: index == 0 ? "Y0" : "S\(index)", count: 2),
        outputs: [index == 59 ? "Y" : "S\(index + 1)"], attributes: [])
    }
    let joins = (0..<60).map { index in
      Message.node(
        "Concat", inputs: Array(repeating: index == 0 ? "Y0" : "S\(index)", count: 2),
        outputs: [index == 59 ? "Y" : "S\(index + 1)"], attributes: [.int("axis", 1)])
    }
    for nodes in [sums, joins] {
      let error = #expect(throws: ModelFormatError.self) {
        try TreeModel.read(Message.model([Self.stump(output: "Y0")] + nodes))
      }
      #expect(error?.code == .tooLarge)
    }
  }

  @Test("Millions of empty messages, and lists that promise too much, are refused")
  func counts() {
    let empty = Message.model(
      [], extra: Array(repeating: [0x0A, 0x00], count: 1_000_000).flatMap(\.self))
    #expect(throws: ModelFormatError.self) { try TreeModel.read(empty) }
    var promise = Message.model([])
    promise += [0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0x0A]
    #expect(throws: ModelFormatError.self) { try TreeModel.read(promise) }
  }

  @Test(
    "A tensor that says more than it holds is refused",
    arguments: [[1 << 62, 1 << 62], [-1], [3], [1 << 40, 0, 1 << 40]] as [[Int]])
  func dimensions(dims: [Int]) {
    var tensor = Message()
    for dim in dims { tensor.integer(1, dim) }
    tensor.integer(2, 1)
    tensor.bytes(8, Array("T".utf8))
    tensor.bytes(9, [0, 0, 0, 0])
    let bytes = Message.model([Self.stump()], initializers: [tensor])
    #expect(throws: ModelFormatError.self) { try TreeModel.read(bytes) }
  }

  @Test("Sets of categories may not take a thousand times the file")
  func sets() {
    let count = 3000
    // A chain of nodes that each ask for another high category.
    let error = #expect(throws: ModelFormatError.self) {
      try TreeModel.read(
        Message.model([
          Self.stump(
            modes: Array(repeating: "BRANCH_EQ", count: count)
              + Array(repeating: "LEAF", count: count + 1),
            yes: (0..<count).map { count + $0 } + Array(repeating: 0, count: count + 1),
            no: (0..<count).map { $0 == count - 1 ? 2 * count : $0 + 1 }
              + Array(repeating: 0, count: count + 1),
            nodes: Array(0...2 * count), features: Array(repeating: 0, count: 2 * count + 1),
            values: (0...2 * count).map { Float((1 << 24) - 1 - $0) },
            weightNodes: Array(count...2 * count))
        ]))
    }
    #expect(error?.code == .tooLarge)
  }
}

/// Writes protocol buffers, as much as the tests need.
struct Message: Sendable {
  private(set) var bytes: [UInt8] = []

  private mutating func varint(_ value: UInt64) {
    var value = value
    while value >= 0x80 {
      bytes.append(UInt8(value & 0x7F) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(value))
  }

  mutating func integer(_ field: Int, _ value: Int) {
    varint(UInt64(field << 3))
    varint(UInt64(bitPattern: Int64(value)))
  }

  mutating func float(_ field: Int, _ value: Float) {
    varint(UInt64(field << 3 | 5))
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }

  mutating func bytes(_ field: Int, _ value: [UInt8]) {
    varint(UInt64(field << 3 | 2))
    varint(UInt64(value.count))
    bytes += value
  }

  static func int(_ name: String, _ value: Int) -> Message {
    var message = Message()
    message.bytes(1, Array(name.utf8))
    message.integer(3, value)
    return message
  }

  static func ints(_ name: String, _ values: [Int]) -> Message {
    var message = Message()
    message.bytes(1, Array(name.utf8))
    for value in values { message.integer(8, value) }
    return message
  }

  static func floats(_ name: String, _ values: [Float]) -> Message {
    var message = Message()
    message.bytes(1, Array(name.utf8))
    for value in values { message.float(7, value) }
    return message
  }

  static func strings(_ name: String, _ values: [String]) -> Message {
    var message = Message()
    message.bytes(1, Array(name.utf8))
    for value in values { message.bytes(9, Array(value.utf8)) }
    return message
  }

  static func node(
    _ type: String, inputs: [String], outputs: [String], attributes: [Message]
  ) -> Message {
    var message = Message()
    for input in inputs { message.bytes(1, Array(input.utf8)) }
    for output in outputs { message.bytes(2, Array(output.utf8)) }
    message.bytes(4, Array(type.utf8))
    for attribute in attributes { message.bytes(5, attribute.bytes) }
    if type.hasPrefix("Tree") { message.bytes(7, Array("ai.onnx.ml".utf8)) }
    return message
  }

  /// A model with two columns `X`, and an output `Y`.
  static func model(
    _ nodes: [Message], initializers: [Message] = [], extra: [UInt8] = []
  ) -> [UInt8] {
    var columns = Message()
    columns.integer(1, 2)
    var shape = Message()
    shape.bytes(1, [])
    shape.bytes(1, columns.bytes)
    var tensor = Message()
    tensor.integer(1, 1)
    tensor.bytes(2, shape.bytes)
    var type = Message()
    type.bytes(1, tensor.bytes)
    var input = Message()
    input.bytes(1, Array("X".utf8))
    input.bytes(2, type.bytes)
    var output = Message()
    output.bytes(1, Array("Y".utf8))
    var graph = Message()
    for node in nodes { graph.bytes(1, node.bytes) }
    for initializer in initializers { graph.bytes(5, initializer.bytes) }
    graph.bytes(11, input.bytes)
    graph.bytes(12, output.bytes)
    graph.bytes += extra
    var model = Message()
    model.integer(1, 8)
    model.bytes(7, graph.bytes)
    return model.bytes
  }
}
