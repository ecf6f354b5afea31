import Foundation
import TestSupport
import Testing

@Suite("The Open Inference Protocol over REST")
struct InferenceTests {
  static let row: [Float] = [5.9, 3.2, 4.8, 1.8]
  static let infer = "/v2/models/iris/infer"

  /// The body of a request for one row of Iris.
  static func body(_ more: String = "", outputs: String = "") -> String {
    """
    {"inputs":[{"name":"input","shape":[1,4],"datatype":"FP32","data":[5.9,3.2,4.8,1.8]}]\
    \(outputs.isEmpty ? "" : ",\"outputs\":[\(outputs)]")\(more)}
    """
  }

  static func bytes(_ values: [Float]) -> Data { values.withUnsafeBytes { Data($0) } }

  /// The output tensors of an answer, by name.
  static func outputs(_ reply: CoppiceServer.Reply) -> [String: [String: any Sendable]] {
    let list = reply.json["outputs"] as? [[String: any Sendable]] ?? []
    return Dictionary(uniqueKeysWithValues: list.map { ($0["name"] as? String ?? "", $0) })
  }

  static func numbers(_ tensor: [String: any Sendable]?) -> [Float] {
    (tensor?["data"] as? [any Sendable] ?? []).map { ($0 as? NSNumber)?.floatValue ?? .nan }
  }

  @Test("tells its health, its models and what they take and give")
  func metadata() async throws {
    try await withIrisServer { server in
      #expect(try await server.get("/v2/health/live").text == "{\"live\":true}")
      #expect(try await server.get("/v2/health/ready").text == "{\"ready\":true,\"live\":true}")
      for path in ["/v2", "/v2/"] {
        let reply = try await server.get(path)
        #expect(reply.json["name"] as? String == "coppice")
        #expect((reply.json["extensions"] as? [String])?.contains("binary_tensor_data") == true)
      }
      #expect(try await server.get("/v2/models").text == "{\"models\":[\"iris\"]}")
      for path in ["/v2/models/iris", "/v2/models/iris/versions/1"] {
        let model = try await server.get(path)
        #expect(model.json["platform"] as? String == "xgboost_json")
        #expect(model.text.contains("\"shape\":[-1,4]"))
        #expect(model.text.contains("{\"name\":\"label\",\"datatype\":\"BYTES\",\"shape\":[-1]}"))
        #expect(
          try await server.get(path + "/ready").text == "{\"name\":\"iris\",\"ready\":true}")
        #expect(try await server.get(path + "/config").text.contains("TYPE_FP32"))
      }
      for path in ["/v2/models/rose", "/v2/models/iris/versions/9", "/v2/models/rose/ready"] {
        let reply = try await server.get(path)
        #expect(reply.status == 404)
        #expect((reply.json["error"] as? String)?.contains("iris") == true)
      }
    }
  }

  @Test("gives every recorded row's probabilities to the last bit, as JSON and as bytes")
  func parity() async throws {
    let (rows, answers) = try IrisRepository.recorded()
    let indices = rows.indices.filter { rows[$0].allSatisfy { $0.isFinite || $0.isNaN } }
    let values = indices.flatMap { rows[$0] }
    let expected = indices.flatMap { answers[$0] }
    try await withIrisServer { server in
      let texts = values.map { $0.isNaN ? "null" : "\($0)" }.joined(separator: ",")
      let reply = try await server.post(
        Self.infer,
        "{\"id\":\"a\",\"inputs\":[{\"name\":\"input\",\"shape\":[\(indices.count),4],"
          + "\"datatype\":\"FP32\",\"data\":[\(texts)]}]}")
      #expect(reply.status == 200, "\(reply.text)")
      #expect(reply.json["id"] as? String == "a")
      #expect(reply.json["model_version"] as? String == "1")
      #expect(Self.numbers(Self.outputs(reply)["predict_proba"]) == expected)

      let head =
        "{\"inputs\":[{\"name\":\"input\",\"shape\":[\(indices.count),4],\"datatype\":\"FP32\","
        + "\"parameters\":{\"binary_data_size\":\(values.count * 4)}}],\"outputs\":["
        + "{\"name\":\"predict_proba\",\"parameters\":{\"binary_data\":true}},{\"name\":\"class\"}]}"
      let binary = try await server.request(
        "POST", Self.infer, body: Data(head.utf8) + Self.bytes(values),
        headers: ["Inference-Header-Content-Length": "\(head.utf8.count)"])
      #expect(binary.status == 200, "\(binary.text)")
      let length = try #require(
        binary.headers["inference-header-content-length"].flatMap(Int.init))
      #expect(binary.body.dropFirst(length) == Self.bytes(expected))
      #expect(binary.headers["content-type"] == "application/octet-stream")
      #expect(binary.body.prefix(length).last == UInt8(ascii: "}"))

      // The bytes of the rows and nothing else: all outputs come as bytes.
      let raw = try await server.request(
        "POST", Self.infer, body: Self.bytes(values),
        headers: ["Inference-Header-Content-Length": "0"])
      #expect(raw.status == 200)
      #expect(raw.body.suffix(expected.count * 4) == Self.bytes(expected))
    }
  }

  @Test("takes features by name in any order, leaves missing what is left out")
  func named() async throws {
    try await withIrisServer { server in
      let whole = try await server.post(
        Self.infer, Self.body().replacing("1.8]", with: "null]"))
      let named = try await server.post(
        Self.infer,
        """
        {"inputs":[{"name":"petal_length","shape":[1],"datatype":"FP64","data":[4.8]},
        {"data":[[5.9]],"shape":[1,1],"datatype":"FP32","name":"sepal_length"},
        {"name":"sepal_width","shape":[1],"datatype":"FP32","data":[3.2]}]}
        """)
      #expect(named.status == 200, "\(named.text)")
      let found = Self.numbers(Self.outputs(named)["predict_proba"])
      #expect(found == Self.numbers(Self.outputs(whole)["predict_proba"]))
      #expect(found.count == 3)
    }
  }

  @Test("gives classes by name, margins, reasons and leaves to those who ask")
  func outputs() async throws {
    try await withIrisServer { server in
      let reply = try await server.post(
        Self.infer,
        Self.body(
          outputs: """
            {"name":"label"},{"name":"class"},{"name":"margin"},{"name":"leaf_index"},
            {"name":"shap_values"},{"name":"predict_proba","parameters":{"classification":2}}
            """))
      #expect(reply.status == 200, "\(reply.text)")
      let outputs = Self.outputs(reply)
      #expect(outputs["label"]?["data"] as? [String] == ["versicolor"])
      #expect(Self.numbers(outputs["class"]) == [1])
      #expect(outputs["leaf_index"]?["datatype"] as? String == "INT32")
      let classes = outputs["predict_proba"]?["data"] as? [String] ?? []
      #expect(outputs["predict_proba"]?["shape"] as? [Int] == [1, 2])
      #expect(classes.first?.hasSuffix(":1:versicolor") == true)
      // Contributions and what is expected sum to the margin.
      let margins = Self.numbers(outputs["margin"])
      let contributions = Self.numbers(outputs["shap_values"])
      #expect(outputs["shap_values"]?["shape"] as? [Int] == [1, 3, 5])
      for index in margins.indices {
        let sum = contributions[index * 5..<index * 5 + 5].reduce(0, +)
        #expect(abs(sum - margins[index]) < 1e-4)
      }
      let reasons = try await server.post(
        Self.infer,
        Self.body(outputs: "{\"name\":\"shap_values\",\"parameters\":{\"top_k\":2}}"))
      let texts = Self.outputs(reasons)["shap_values"]?["data"] as? [String] ?? []
      #expect(texts.count == 6)
      let names = texts.map { $0.split(separator: ":").last.map(String.init) ?? "" }
      #expect(names.allSatisfy(IrisRepository.features.contains))
      let plain = try await server.post(
        "/api/predict?top_k=1", "{\"data\":[5.9,3.2,4.8,1.8]}")
      #expect(plain.text.contains("\"reasons\":[{\"feature\":\""))
    }
  }

  @Test("takes and gives gzip and deflate, and stops a bomb at the limit of bodies")
  func compression() async throws {
    try await withIrisServer(["--max-body-bytes", "100000"]) { server in
      let plain = try await server.post(Self.infer, Self.body(",\"id\":\"x\""))
      for coding in ["gzip", "deflate"] {
        let body = try Self.compressed(Data(Self.body(",\"id\":\"x\"").utf8), coding)
        let reply = try await server.request(
          "POST", Self.infer, body: body, headers: ["Content-Encoding": coding])
        #expect(reply.text == plain.text)
        let bomb = try Self.compressed(Data(count: 50_000_000), coding)
        #expect(bomb.count < 100_000)
        let refused = try await server.request(
          "POST", Self.infer, body: bomb, headers: ["Content-Encoding": coding])
        #expect(refused.status == 413)
        let damaged = try await server.request(
          "POST", Self.infer, body: body.dropLast(9), headers: ["Content-Encoding": coding])
        #expect(damaged.status == 400)
        // URLSession takes the compression back by itself.
        let many = (0..<500).map { _ in "[5.9,3.2,4.8,1.8]" }.joined(separator: ",")
        let large =
          "{\"id\":\"x\",\"inputs\":[{\"name\":\"input\",\"shape\":[500,4],"
          + "\"datatype\":\"FP32\",\"data\":[\(many)]}]}"
        let packed = try await server.post(Self.infer, large, headers: ["Accept-Encoding": coding])
        let loose = try await server.post(
          Self.infer, large, headers: ["Accept-Encoding": "identity"])
        #expect(packed.headers["content-encoding"] == coding)
        #expect(packed.body == loose.body)
      }
      let unknown = try await server.request(
        "POST", Self.infer, body: Data("x".utf8), headers: ["Content-Encoding": "br"])
      #expect(unknown.status == 415)
      #expect(try await server.post(Self.infer, Self.body()).status == 200)
    }
  }

  static func compressed(_ data: Data, _ coding: String) throws -> Data {
    let python = Process()
    let (input, output) = (Pipe(), Pipe())
    python.executableURL = URL(filePath: "/usr/bin/env")
    python.arguments = [
      "python3", "-c",
      "import sys,gzip,zlib;d=sys.stdin.buffer.read();"
        + "sys.stdout.buffer.write((gzip if sys.argv[1]=='gzip' else zlib).compress(d))", coding,
    ]
    (python.standardInput, python.standardOutput) = (input, output)
    try python.run()
    // More than a pipe holds goes in while nothing comes out yet.
    input.fileHandleForWriting.write(data)
    try input.fileHandleForWriting.close()
    return output.fileHandleForReading.readDataToEndOfFile()
  }

  @Test("counts requests and rows, lists the repository and refuses to change it")
  func repository() async throws {
    try await withIrisServer { server in
      _ = try await server.post(Self.infer, Self.body())
      _ = try await server.post("/api/predict", "{\"data\":[[5.9,3.2,4.8,1.8],[1,2,3,4]]}")
      for path in ["/v2/models/stats", "/v2/models/iris/stats", "/v2/models/iris/versions/1/stats"]
      {
        let text = try await server.get(path).text
        #expect(text.contains("\"inference_count\":3,\"execution_count\":2"), "\(text)")
      }
      for body in ["", "{}", "{\"ready\":true}"] {
        let index = try await server.request(
          "POST", "/v2/repository/index", body: Data(body.utf8))
        #expect(
          index.text
            == "[{\"name\":\"iris\",\"version\":\"1\",\"state\":\"READY\",\"reason\":\"\"}]")
      }
      for verb in ["load", "unload"] {
        let reply = try await server.request("POST", "/v2/repository/models/iris/\(verb)")
        #expect(reply.status == 403)
        #expect(reply.json["error"] is String)
      }
    }
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let body: String
    var status = 400
    /// A part of the text that tells the caller what to do.
    let says: String
    var testDescription: String { name }
  }

  static func one(
    shape: String = "[1,4]", type: String = "FP32", data: String = "[5.9,3.2,4.8,1.8]",
    name: String = "input", more: String = ""
  ) -> String {
    "{\"inputs\":[{\"name\":\"\(name)\",\"shape\":\(shape),\"datatype\":\"\(type)\","
      + "\"data\":\(data)\(more)}]}"
  }

  static let cases = [
    Case(name: "empty", body: "", says: "ends"),
    Case(name: "no inputs", body: "{}", says: "inputs"),
    Case(name: "no input", body: "{\"inputs\":[]}", says: "sepal_length"),
    Case(name: "unknown output", body: body(outputs: "{\"name\":\"x\"}"), says: "predict_proba"),
    Case(
      name: "output twice", body: body(outputs: "{\"name\":\"class\"},{\"name\":\"class\"}"),
      says: "twice"),
    Case(name: "unknown input", body: one(name: "x"), says: "petal_width"),
    Case(name: "shape product", body: one(shape: "[2,4]"), says: "8 elements"),
    Case(name: "too many features", body: one(shape: "[1,5]"), says: "1 too many"),
    Case(name: "too few features", body: one(shape: "[2,2]"), says: "petal_length"),
    Case(name: "negative dimension", body: one(shape: "[-1,4]"), says: "at least one row"),
    Case(name: "negative feature", body: one(shape: "[-1]", name: "petal_width"), says: "at least"),
    Case(name: "huge shape", body: one(shape: "[4611686018427387904,4]"), says: "too large"),
    Case(name: "no rows", body: one(shape: "[0,4]", data: "[]"), says: "at least one row"),
    Case(name: "unknown datatype", body: one(type: "FP31"), says: "FP32"),
    Case(name: "texts as numbers", body: one(data: "[\"a\",1,2,3]"), says: "number"),
    Case(name: "numbers as texts", body: one(type: "BYTES"), says: "string"),
    Case(
      name: "texts as rows", body: one(type: "BYTES", data: "[\"a\",\"b\",\"c\",\"d\"]"),
      says: "texts"),
    Case(name: "fractions as integers", body: one(type: "INT32"), says: "INT32"),
    Case(name: "over float32", body: one(data: "[1e39,1,2,3]"), says: "float32"),
    Case(
      name: "nested 10,000 deep", body: one(data: String(repeating: "[", count: 10_000)),
      says: "128 deep"),
    Case(
      name: "data and binary data", body: one(more: ",\"parameters\":{\"binary_data_size\":16}"),
      says: "both"),
    Case(
      name: "binary data that is not there",
      body: "{\"inputs\":[{\"name\":\"input\",\"shape\":[1,4],\"datatype\":\"FP32\","
        + "\"parameters\":{\"binary_data_size\":16}}]}", says: "0 bytes are left"),
    Case(
      name: "timeout is a text", body: body(",\"parameters\":{\"timeout\":\"x\"}"), says: "micro"),
    Case(
      name: "classification of labels",
      body: body(outputs: "{\"name\":\"label\",\"parameters\":{\"classification\":1}}"),
      says: "label"),
  ]

  @Test("is told what is wrong with a wrong request, and the connection stays usable")
  func badRequests() async throws {
    try await withIrisServer { server in
      let connection = try RawConnection(port: server.port)
      for wrong in Self.cases {
        // A body of which no byte is JSON is one tensor's bytes.
        for headers in ["", "Inference-Header-Content-Length: \(wrong.body.utf8.count)\r\n"]
        where headers.isEmpty || !wrong.body.isEmpty {
          try connection.send(Self.post(wrong.body, headers))
          let text = connection.read(until: ["\r\n\r\n", "{", "}"])
          #expect(text.hasPrefix("HTTP/1.1 \(wrong.status)"), "\(wrong.name): \(text)")
          #expect(text.contains("{\"error\":\""), "\(wrong.name)")
          #expect(text.contains(wrong.says), "\(wrong.name): \(text)")
        }
      }
      for (headers, body) in [
        ("Inference-Header-Content-Length: 999999\r\n", Self.body()),
        ("Inference-Header-Content-Length: -1\r\n", Self.body()),
        ("Inference-Header-Content-Length: 0\r\n", "123"),
        ("Inference-Header-Content-Length: \(Self.body().utf8.count)\r\n", Self.body() + "xx"),
      ] {
        try connection.send(Self.post(body, headers))
        #expect(connection.read(until: ["{\"error\":", "}"]).hasPrefix("HTTP/1.1 400"))
      }
      try connection.send(Self.post(Self.body(), ""))
      #expect(connection.read(until: ["\"outputs\":", "]}"]).hasPrefix("HTTP/1.1 200"))
      let wrongMethod = try await server.get(Self.infer)
      #expect(wrongMethod.status == 405)
      #expect(wrongMethod.json["error"] is String)
    }
  }

  private static func post(_ body: String, _ headers: String) -> String {
    "POST \(infer) HTTP/1.1\r\nHost: a\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }
}
