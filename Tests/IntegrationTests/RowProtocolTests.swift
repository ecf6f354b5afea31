import Foundation
import TestSupport
import Testing

@Suite("The protocols whose bodies are rows")
struct RowProtocolTests {
  static let row = "[5.9,3.2,4.8,1.8]"
  static let named =
    "{\"petal_width\":1.8,\"sepal_length\":5.9,\"sepal_width\":3.2,\"petal_length\":4.8}"
  static let columns = "[\"sepal_length\",\"sepal_width\",\"petal_length\",\"petal_width\"]"

  /// Asks for probabilities, which tell whether the values stand at their features.
  static let output = "\"parameters\":{\"output\":\"predict_proba\"}"

  static func expected(_ server: CoppiceServer) async throws -> String {
    let reply = try await server.post(
      "/v1/models/iris:predict", "{\"instances\":[\(row)],\(output)}")
    #expect(reply.status == 200, "\(reply.text)")
    return reply.text
  }

  @Test("answer every shape of request alike")
  func shapes() async throws {
    try await withIrisServer(
      environment: ["AIP_PREDICT_ROUTE": "/vertex/predict", "AIP_HEALTH_ROUTE": "/vertex/health"]
    ) { server in
      let expected = try await Self.expected(server)
      #expect(expected.hasPrefix("{\"predictions\":[[0."))
      let json = "application/json"
      let (row, named) = (Self.row, Self.named)
      let invocations = "/invocations?output=predict_proba"
      let requests: [(path: String, body: String, type: String)] = [
        ("/v1/models/iris:predict", "{\"instances\":[\(named)],\(Self.output)}", json),
        ("/v1/models/iris:predict", "{\"inputs\":[\(row)],\(Self.output)}", json),
        ("/vertex/predict", "{\"instances\":[\(row)],\(Self.output)}", json),
        (invocations, "{\"instances\":[\(named)]}", json),
        (invocations, "{\"inputs\":[\(row)]}", json),
        (
          invocations,
          "{\"inputs\":{\"sepal_length\":[5.9],\"sepal_width\":3.2,"
            + "\"petal_width\":[[1.8]],\"petal_length\":[4.8]}}", json
        ),
        (invocations, "{\"dataframe_records\":[\(named)],\"params\":{}}", json),
        (
          invocations,
          "{\"dataframe_split\":{\"index\":[7],\"columns\":\(Self.columns),\"data\":[\(row)]}}",
          json
        ),
        (
          invocations,
          "{\"dataframe_split\":{\"data\":[[1.8,5.9,3.2,4.8]],\"columns\":"
            + "[\"petal_width\",\"sepal_length\",\"sepal_width\",\"petal_length\"]}}", json
        ),
        (invocations, "{\"instances\":[{\"features\":\(row)}]}", json),
        (invocations, "[\(row)]", json),
        (
          invocations, "petal_width,sepal_length,sepal_width,petal_length\n1.8,5.9,3.2,4.8\n",
          "text/csv"
        ),
      ]
      for request in requests {
        let reply = try await server.request(
          "POST", request.path, body: Data(request.body.utf8),
          headers: ["Content-Type": request.type])
        #expect(reply.text == expected, "\(request.path) \(request.body)")
      }
      // SageMaker: no header, and the answer is CSV too.
      let csv = try await server.request(
        "POST", invocations, body: Data("5.9,3.2,4.8,1.8\r\n\"5.9\",3.2,4.8,1.8".utf8),
        headers: ["Content-Type": "text/csv; charset=utf-8"])
      #expect(csv.headers["content-type"] == "text/csv")
      let numbers = expected.dropFirst("{\"predictions\":[[".count).dropLast("]]}".count)
      #expect(csv.text == "\(numbers)\n\(numbers)\n")
      for path in ["/ping", "/health", "/version", "/vertex/health", "/v1/models/iris"] {
        #expect(try await server.get(path).status == 200)
      }
      #expect(try await server.get("/").text == "{\"status\":\"alive\"}")
      let label = try await server.post("/invocations?output=label", "[\(row)]")
      #expect(label.text == "{\"predictions\":[\"versicolor\"]}")
    }
  }

  @Test("explain by the names of the features")
  func explain() async throws {
    try await withIrisServer { server in
      let reply = try await server.post(
        "/v1/models/iris:explain", "{\"instances\":[\(Self.row)]}")
      #expect(reply.status == 200, "\(reply.text)")
      let explanations = reply.json["explanations"] as? [[[String: any Sendable]]]
      #expect(explanations?.first?.count == 3)
      let first = explanations?.first?.first?["contributions"] as? [String: Double]
      #expect(first.map { Set($0.keys) } == Set(IrisRepository.features))
    }
  }

  @Test("tell errors in their own form")
  func errors() async throws {
    try await withIrisServer(environment: ["AIP_PREDICT_ROUTE": "/vertex/predict"]) { server in
      for (path, body, status, key) in [
        ("/v1/models/rose:predict", "{\"instances\":[\(Self.row)]}", 404, "error"),
        ("/v1/models/iris:predict", "{\"instances\":[[1]]}", 400, "error"),
        ("/v1/models/iris:predict", "{}", 400, "error"),
        (
          "/v1/models/iris:predict", "{\"instances\":\(String(repeating: "[", count: 10_000))", 400,
          "error"
        ),
        ("/vertex/predict", "{\"instances\":[]}", 400, "error"),
        ("/invocations", "{\"instances\":[{\"x\":1}]}", 400, "error_code"),
        (
          "/invocations", "{\"dataframe_split\":{\"columns\":[\"x\"],\"data\":[[1]]}}", 400,
          "error_code"
        ),
        (
          "/invocations", "{\"dataframe_split\":{\"columns\":\(Self.columns),\"data\":[[1]]}}", 400,
          "error_code"
        ),
        ("/invocations?output=x", "[\(Self.row)]", 400, "error_code"),
        ("/invocations?model=x", "[\(Self.row)]", 404, "error_code"),
      ] {
        let reply = try await server.post(path, body)
        #expect(reply.status == status, "\(path) \(body.prefix(80)): \(reply.text)")
        #expect(reply.json[key] is String)
      }
      for csv in ["", "1,2\n", "a,b,c,d\n", "1,2,3,\"4", "1,2,3,1e99"] {
        let reply = try await server.request(
          "POST", "/invocations", body: Data(csv.utf8), headers: ["Content-Type": "text/csv"])
        #expect(reply.status == 400, "\(csv)")
      }
      let type = try await server.request(
        "POST", "/invocations", body: Data("x".utf8), headers: ["Content-Type": "image/png"])
      #expect(type.status == 415)
    }
  }

  @Test("warn of values outside of training and of categories that it did not have")
  func warnings() async throws {
    try await withTemporaryFolder { folder in
      let version = folder.appending(path: "models/paint/1")
      try FileManager.default.createDirectory(at: version, withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        at: IrisRepository.fixture("3.4.1/categorical-one-hot.json"),
        to: version.appending(path: "model.json"))
      try Data(
        """
        {"features":[{"name":"weight","type":"float","minimum":0,"maximum":10},
        {"name":"colour","type":"categorical","categories":["red","green","blue","grün","","black",\
        "white","pink","grey"]},
        {"name":"size","type":"categorical","categories":["10","20","30","40"]}]}
        """.utf8
      ).write(to: version.appending(path: "manifest.json"))
      try await withCoppiceServer([folder.appending(path: "models").path]) { server in
        let rows = """
          [{"weight":1,"colour":"red","size":"10"},{"weight":99,"colour":"mauve"}]
          """
        let plain = try await server.post("/api/predict", "{\"data\":\(rows)}")
        #expect(plain.status == 200, "\(plain.text)")
        let answers = try #require(
          try JSONSerialization.jsonObject(with: plain.body) as? [[String: Any]])
        #expect(answers[0]["warnings"] == nil)
        let warnings = answers[1]["warnings"] as? [String] ?? []
        #expect(warnings.contains { $0.contains("mauve") && $0.contains("missing") })
        #expect(warnings.contains { $0.contains("99.0 is above 10.0") })
        let tensors = """
          {"inputs":[{"name":"colour","shape":[2],"datatype":"BYTES","data":["red","mauve"]},
          {"name":"weight","shape":[2],"datatype":"INT64","data":[1,99]},
          {"name":"size","shape":[2],"datatype":"BYTES","data":["10",null]}]}
          """
        let reply = try await server.post("/v2/models/paint/infer", tensors)
        let parameters = reply.json["parameters"] as? [String: any Sendable]
        #expect(parameters?["warning_count"] as? Int == 2, "\(reply.text)")
        #expect((parameters?["warnings"] as? String)?.contains("row 1: colour") == true)
        for (path, body) in [
          ("/v1/models/paint:predict", "{\"instances\":\(rows)}"), ("/invocations", rows),
        ] {
          let reply = try await server.post(path, body)
          #expect((reply.json["warnings"] as? [String])?.count == 2, "\(reply.text)")
        }
        // A table has no place for them: they stand in the head.
        let csv = try await server.request(
          "POST", "/invocations", body: Data("1,red,10\n99,grün,10\n1,mäuve,10\n".utf8),
          headers: ["Content-Type": "text/csv"])
        #expect(csv.status == 200 && csv.headers["x-warning-count"] == "2", "\(csv.text)")
        let told = try JSONDecoder().decode(
          [String].self, from: Data((csv.headers["x-warnings"] ?? "").utf8))
        #expect(told.count == 2)
        #expect(told.contains { $0.hasPrefix("row 1: weight: 99.0 is above") })
        #expect(told.contains { $0.hasPrefix("row 2: colour: \"mäuve\"") })
        #expect(csv.text.split(separator: "\n").count == 3)
        // The same answers by any protocol.
        let v2 = InferenceTests.numbers(InferenceTests.outputs(reply)["predict"])
        let v1 = try await server.post("/v1/models/paint:predict", "{\"instances\":\(rows)}")
        #expect((v1.json["predictions"] as? [Double])?.map { Float($0) } == v2)
      }
    }
  }
}
