import Foundation
import TestSupport
import Testing

@Suite("POST /api/predict")
struct PredictTests {
  @Test(
    "answers every recorded Iris row as XGBoost does, to the last bit of float32",
    arguments: ["1.7.6", "2.1.4", "3.4.1"], ["json", "ubj"])
  func parity(library: String, format: String) async throws {
    let (rows, answers) = try IrisRepository.recorded(library: library)
    // Rows with values that JSON cannot say are tested below the HTTP floor.
    let indices = rows.indices.filter { rows[$0].allSatisfy { $0.isFinite || $0.isNaN } }
    try #require(indices.count >= 150)
    let data = indices.map { index in
      "[" + rows[index].map { $0.isNaN ? "null" : "\($0)" }.joined(separator: ",") + "]"
    }
    try await withIrisServer(library: library, format: format) { server in
      let reply = try await server.post(
        "/api/predict?probabilities=true", "{\"data\":[\(data.joined(separator: ","))]}")
      #expect(reply.status == 200)
      struct Row: Decodable {
        let name: String
        let prediction: Int
        let probabilities: [String: Float]
      }
      let found = try JSONDecoder().decode([Row].self, from: reply.body)
      #expect(found.count == indices.count)
      for (row, index) in zip(found, indices) {
        let expected = answers[index]
        let best = expected.firstIndex(of: expected.max()!)!
        #expect(row.prediction == best)
        #expect(row.name == IrisRepository.labels[best])
        #expect(IrisRepository.labels.map { row.probabilities[$0] } == expected.map(Optional.some))
      }
    }
  }

  @Test("takes one row, a list of rows and rows by feature name, and gives them the same answer")
  func shapes() async throws {
    try await withIrisServer { server in
      let single = try await server.post("/api/predict", "{\"data\":[5.9,3.2,4.8,1.8]}")
      #expect(single.text == "{\"name\":\"versicolor\",\"prediction\":1}")
      #expect(single.headers["content-type"] == "application/json")
      let named = """
        {"petal_width":1.8,"sepal_length":5.9,"sepal_width":3.2,"petal_length":4.8}
        """
      for (body, expected) in [
        ("{\"data\":[[5.9,3.2,4.8,1.8]]}", "[\(single.text)]"),
        ("{\"data\":\(named)}", single.text),
        ("{\"data\":[\(named),[5.9,3.2,4.8,1.8]]}", "[\(single.text),\(single.text)]"),
        (" { \"data\" : [ 5.9 , 32e-1 , 4.80 , 1.8 ] } ", single.text),
      ] {
        let reply = try await server.post("/api/predict", body)
        #expect(reply.status == 200)
        #expect(reply.text == expected, "\(body)")
      }
    }
  }

  @Test("treats null and a feature that is left out alike, as missing")
  func missing() async throws {
    try await withIrisServer { server in
      let null = try await server.post(
        "/api/predict?probabilities=true", "{\"data\":[5.9,null,4.8,1.8]}")
      let absent = try await server.post(
        "/api/predict?probabilities=true",
        "{\"data\":{\"sepal_length\":5.9,\"petal_length\":4.8,\"petal_width\":1.8}}")
      #expect(null.status == 200)
      #expect(null.text == absent.text)
    }
  }

  @Test("chooses the model by name and names the models there are when it cannot")
  func models() async throws {
    try await withTemporaryFolder { folder in
      let repository = try IrisRepository(in: folder)
      try repository.add(
        "other", version: "3", file: IrisRepository.fixture("3.4.1/iris-softprob.ubj"))
      try await withCoppiceServer([repository.root.path]) { server in
        let body = "{\"data\":[5.9,3.2,4.8,1.8]}"
        #expect(try await server.post("/api/predict?model=iris", body).status == 200)
        #expect(try await server.post("/api/predict?model=other&version=3", body).status == 200)
        for (path, code) in [
          ("/api/predict", "unknown_model"), ("/api/predict?model=rose", "unknown_model"),
          ("/api/predict?model=iris&version=2", "unknown_version"),
        ] {
          let reply = try await server.post(path, body)
          #expect(reply.status == 404)
          #expect(reply.json["code"] as? String == code)
          #expect((reply.json["detail"] as? String)?.contains("iris") == true)
        }
      }
    }
  }
}
