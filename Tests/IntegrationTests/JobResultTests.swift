import Foundation
import TestSupport
import Testing

/// The result of a job is what the same request would have been answered with at once.
@Suite("Results of jobs", .timeLimit(.minutes(5)))
struct JobResultTests {
  /// A request of any protocol that jobs take.
  private struct Sent: CustomStringConvertible {
    var route: String
    var query = ""
    var body: Data
    var headers: [String: String] = [:]

    var description: String {
      "\(route)\(query) \(String(decoding: body.prefix(200), as: UTF8.self))"
    }

    /// The same id, so that the answers can be the same; a body with the JSON's length is no JSON.
    var allHeaders: [String: String] {
      let type = headers.isEmpty ? ["Content-Type": "application/json"] : [:]
      return type.merging(["X-Request-Id": "the-same"]) { $1 }.merging(headers) { $1 }
    }
  }

  private static let rows: [[Float?]] = [
    [5.9, 3.2, 4.8, 1.8], [6.3, 3.3, 6.0, 2.5], [5.1, nil, 1.4, 0.2], [1000, -1000, 0, 3],
  ]

  private static func json(_ rows: some Sequence<[Float?]>) -> String {
    "["
      + rows.map { "[" + $0.map { $0.map { "\($0)" } ?? "null" }.joined(separator: ",") + "]" }
      .joined(separator: ",") + "]"
  }

  private static let predictions: [Sent] = {
    let bodies = [
      "{\"data\":\(json(rows))}", "{\"data\":[5.9,3.2,4.8,1.8],\"top_k\":2}",
      "{\"data\":{\"petal_width\":1.8},\"probabilities\":true}",
      "{\"data\":\(json(rows)),\"top_k\":3,\"probabilities\":true}",
    ]
    let queries = ["", "?probabilities=true", "?top_k=1", "?top_k=9&probabilities=true&model=iris"]
    return bodies.flatMap { body in
      queries.map { Sent(route: "/api/predict", query: $0, body: Data(body.utf8)) }
    }
  }()

  /// Every output in every form, of tensors within the JSON, behind it and without any.
  private static let inferences: [Sent] = {
    let names = [
      "predict", "predict_proba", "class", "label", "margin", "shap_values", "leaf_index",
    ]
    var outputs = [""] + names.map { "{\"name\":\"\($0)\"}" }
    outputs += names.map { "{\"name\":\"\($0)\",\"parameters\":{\"binary_data\":true}}" }
    outputs += [1, 2, 100].flatMap { count in
      [
        "{\"name\":\"shap_values\",\"parameters\":{\"top_k\":\(count)}}",
        "{\"name\":\"predict_proba\",\"parameters\":{\"classification\":\(count)}}",
        "{\"name\":\"margin\",\"parameters\":{\"classification\":\(count),\"binary_data\":true}},"
          + "{\"name\":\"label\"}",
      ]
    }
    let values = rows.joined().map { $0 ?? .nan }
    let bytes = values.withUnsafeBytes { Data($0) }
    let shape = "\"name\":\"input\",\"shape\":[4,4],\"datatype\":\"FP32\""
    var sent: [Sent] = []
    for (number, output) in outputs.enumerated() {
      let id = number % 3 == 0 ? ",\"id\":\"its own \\\"id\\\"\"" : ""
      let rest = (output.isEmpty ? "" : ",\"outputs\":[\(output)]") + id + "}"
      let text = "{\"inputs\":[{\(shape),\"data\":\(json(rows))}]" + rest
      sent.append(Sent(route: "/v2/models/iris/infer", body: Data(text.utf8)))
      let head =
        "{\"parameters\":{\"binary_data_output\":\(number % 2 == 0)},"
        + "\"inputs\":[{\(shape),\"parameters\":{\"binary_data_size\":\(bytes.count)}}]" + rest
      sent.append(
        Sent(
          route: "/v2/models/iris/infer", body: Data(head.utf8) + bytes,
          headers: ["Inference-Header-Content-Length": "\(head.utf8.count)"]))
    }
    sent.append(
      Sent(
        route: "/v2/models/iris/versions/1/infer", body: bytes,
        headers: ["Inference-Header-Content-Length": "0"]))
    return sent
  }()

  @Test(
    "are, byte for byte, the answers to the same requests",
    arguments: JobHome.allCases)
  func sameBytes(home: JobHome) async throws {
    try await home.run { server in try await Self.compare(server) }
  }

  @Test("have the same warnings")
  func warnings() async throws {
    try await withTemporaryFolder { folder in
      let repository = IrisRepository(emptyIn: folder)
      let features = IrisRepository.features.map {
        "{\"name\":\"\($0)\",\"type\":\"float\",\"minimum\":0,\"maximum\":10}"
      }
      try repository.add(
        "iris", version: "1", file: IrisRepository.fixture("1.7.6/iris-softprob.json"),
        manifest: """
          {"task":"multiclass-classification","labels":\(IrisRepository.labels),
           "features":[\(features.joined(separator: ","))],"examples":[]}
          """)
      try await withCoppiceServer([repository.root.path, "--jobs-file", "memory"]) { server in
        let plain = try await server.post("/api/predict", "{\"data\":[1000,-1000,0,3]}")
        #expect(plain.text.contains("\"warnings\":[\"sepal_length: 1000.0 is above 10.0"))
        try await Self.compare(server)
      }
    }
  }

  private static func compare(_ server: CoppiceServer) async throws {
    for sent in predictions + inferences {
      func post(_ path: String, _ more: [String: String] = [:]) async throws -> CoppiceServer.Reply
      {
        try await server.request(
          "POST", path, body: sent.body, headers: sent.allHeaders.merging(more) { $1 })
      }
      let expected = try await post(sent.route + sent.query)
      #expect(expected.status == 200, "\(sent): \(expected.text)")
      func check(_ found: CoppiceServer.Reply) {
        #expect(found.status == 200, "\(sent): \(found.text)")
        #expect(found.body == expected.body, "\(sent): \(found.text), not \(expected.text)")
        for name in ["content-type", "inference-header-content-length"] {
          #expect(found.headers[name] == expected.headers[name], "\(sent)")
        }
      }
      let accepted = try await post("/api/jobs" + sent.query)
      #expect(accepted.status == 202, "\(sent): \(accepted.text)")
      let location = try #require(accepted.headers["location"])
      let done = try await server.get(location + "?wait=30s")
      #expect(done.json["status"] as? String == "done", "\(done.text)")
      #expect(done.json["version"] as? String == "1")
      check(try await server.get(location + "/result"))
      check(try await post(sent.route + sent.query, ["Prefer": "respond-async, wait=30"]))
    }
  }

  @Test("of inferences are promised at once where the caller prefers it")
  func respondAsync() async throws {
    try await withIrisServer(["--jobs-file", "memory"]) { server in
      let prefer = ["Prefer": "respond-async"]
      let accepted = try await server.post(
        InferenceTests.infer + "?priority=bulk", InferenceTests.body(), headers: prefer)
      #expect(accepted.status == 202)
      #expect(accepted.headers["preference-applied"] == "respond-async")
      #expect(accepted.headers["location"]?.hasPrefix("/api/jobs/") == true)
      #expect(accepted.json["priority"] as? String == "bulk")
      // Failures are told in the form of the protocol that was asked in.
      for (path, body, status) in [
        ("/v2/models/rose/infer", InferenceTests.body(), 404), (InferenceTests.infer, "{}", 400),
        (InferenceTests.infer + "?top_k=1", InferenceTests.body(), 400),
      ] {
        let refused = try await server.post(path, body, headers: prefer)
        #expect(refused.status == status)
        #expect(refused.json["error"] is String, "\(refused.text)")
      }
    }
  }

  @Test("are the same for a compressed body; a table is not taken compressed")
  func compressed() async throws {
    try await withIrisServer(["--jobs-file", "memory"]) { server in
      let body = try InferenceTests.compressed(Data(QueueTests.body.utf8), "gzip")
      let accepted = try await server.request(
        "POST", "/api/jobs", body: body,
        headers: ["Content-Encoding": "gzip", "Content-Type": "application/json"])
      let location = try #require(accepted.headers["location"], "\(accepted.text)")
      _ = try await server.get(location + "?wait=30s")
      #expect(try await server.get(location + "/result").text == QueueTests.answer)
      let table = try await server.request(
        "POST", "/api/jobs", body: body,
        headers: ["Content-Encoding": "gzip", "Content-Type": "text/csv"])
      #expect(table.status == 415)
    }
  }

  @Test("expire at the timeout that an inference asks for")
  func timeout() async throws {
    try await JobHome.redis.run(workers: 0) { server in
      let accepted = try await server.post(
        "/api/jobs", InferenceTests.body(",\"parameters\":{\"timeout\":100000}"))
      let end = try await server.get((accepted.headers["location"] ?? "") + "?wait=30s")
      #expect(end.json["status"] as? String == "expired", "\(end.text)")
    }
  }
}
