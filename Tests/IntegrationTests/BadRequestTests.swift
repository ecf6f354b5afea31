import Foundation
import TestSupport
import Testing

@Suite("A wrong request")
struct BadRequestTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let body: String
    var status = 400
    let code: String
    var field: String?
    /// A part of the text that tells the caller what to do.
    let says: String
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(name: "empty body", body: "", code: "empty_body", field: "data", says: "{\"data\":"),
    Case(name: "not JSON", body: "5.9,3.2", code: "invalid_body", says: "must be an object"),
    Case(name: "cut off", body: "{\"data\":[5.9,", code: "invalid_json", says: "byte 13"),
    Case(
      name: "more after the end", body: "{\"data\":[1,2,3,4]} x", code: "invalid_json", says: "more"
    ),
    Case(
      name: "NaN", body: "{\"data\":[5.9,NaN,4.8,1.8]}", code: "invalid_json", says: "write null"),
    Case(
      name: "Infinity", body: "{\"data\":[5.9,-Infinity,4.8,1.8]}", code: "invalid_json",
      says: "digit"),
    Case(
      name: "1e999", body: "{\"data\":[5.9,1e999,4.8,1.8]}", code: "invalid_json",
      says: "too large"),
    Case(
      name: "over float32", body: "{\"data\":[[5.9,1e39,4.8,1.8]]}", code: "out_of_range",
      field: "data[0][1]", says: "float32"),
    Case(
      name: "a text", body: "{\"data\":[5.9,\"wide\",4.8,1.8]}", code: "wrong_type",
      field: "data[1]", says: "\"wide\""),
    Case(
      name: "a bool", body: "{\"data\":[[1,2,3,4],[1,2,true,4]]}", code: "wrong_type",
      field: "data[1][2]", says: "number"),
    Case(
      name: "data is a text", body: "{\"data\":\"x\"}", code: "wrong_type", field: "data",
      says: "row"),
    Case(name: "no data", body: "{}", code: "missing_field", field: "data", says: "data"),
    Case(
      name: "no rows", body: "{\"data\":[]}", code: "empty_data", field: "data", says: "one row"),
    Case(
      name: "too few", body: "{\"data\":[5.9,3.2]}", code: "invalid_request", field: "data",
      says: "petal_length, petal_width"),
    Case(
      name: "too many", body: "{\"data\":[[1,2,3,4],[1,2,3,4,5,6]]}", code: "invalid_request",
      field: "data[1]", says: "2 too many"),
    Case(
      name: "unknown feature", body: "{\"data\":{\"petal\":1}}", code: "unknown_feature",
      field: "data", says: "petal_width"),
    Case(
      name: "feature twice", body: "{\"data\":[{\"petal_width\":1,\"petal_width\":2}]}",
      code: "duplicate_feature", field: "data[0].petal_width", says: "twice"),
    Case(
      name: "unknown field", body: "{\"rows\":[1,2,3,4]}", code: "unknown_field", field: "rows",
      says: "data"),
    Case(
      name: "nested 10,000 deep", body: "{\"data\":" + String(repeating: "[", count: 10_000),
      code: "wrong_type", field: "data[0][0]", says: "number"),
    Case(
      name: "probabilities is a number", body: "{\"data\":[1,2,3,4],\"probabilities\":1}",
      code: "wrong_type", field: "probabilities", says: "true or false"),
  ]

  @Test("is told what is wrong, where, and what to do", arguments: cases)
  func body(_ wrong: Case) async throws {
    try await withIrisServer { server in
      let reply = try await server.post("/api/predict", wrong.body)
      #expect(reply.status == wrong.status)
      #expect(reply.headers["content-type"] == "application/problem+json")
      #expect(reply.json["status"] as? Int == wrong.status)
      #expect(reply.json["code"] as? String == wrong.code, "\(reply.text)")
      #expect(reply.json["field"] as? String == wrong.field)
      #expect((reply.json["detail"] as? String)?.contains(wrong.says) == true, "\(reply.text)")
      let right = try await server.post("/api/predict", "{\"data\":[5.9,3.2,4.8,1.8]}")
      #expect(right.status == 200)
    }
  }

  @Test("with the wrong method, type, path or parameter has its own status")
  func envelope() async throws {
    try await withIrisServer(["--max-body-bytes", "100"]) { server in
      let right = Data("{\"data\":[5.9,3.2,4.8,1.8]}".utf8)
      let wrongMethod = try await server.get("/api/predict")
      #expect(wrongMethod.status == 405)
      #expect(wrongMethod.headers["allow"] == "POST")
      let wrongType = try await server.request(
        "POST", "/api/predict", body: right, headers: ["Content-Type": "text/csv"])
      #expect(wrongType.status == 415)
      #expect(wrongType.json["field"] as? String == "Content-Type")
      let withParameter = try await server.request(
        "POST", "/api/predict", body: right,
        headers: ["Content-Type": "application/json; charset=utf-8"])
      #expect(withParameter.status == 200)
      let tooLarge = try await server.post(
        "/api/predict", "{\"data\":[" + String(repeating: "[1,2,3,4],", count: 50) + "[1,2,3,4]]}")
      #expect(tooLarge.status == 413)
      #expect((tooLarge.json["detail"] as? String)?.contains("100 bytes") == true)
      #expect(try await server.get("/nothing").status == 404)
      #expect(try await server.post("/api/predict?modle=iris", "{}").status == 400)
      let wrongWait = try await server.post(
        "/api/predict", "{\"data\":[5.9,3.2,4.8,1.8]}", headers: ["Prefer": "wait=soon"])
      #expect(wrongWait.status == 400)
      #expect(wrongWait.json["field"] as? String == "Prefer")
    }
  }
}
