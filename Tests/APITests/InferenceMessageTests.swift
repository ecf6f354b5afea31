import NIOCore
import SwiftProtobuf
import Testing

@testable import API

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite("Messages of gRPC's inference, beside SwiftProtobuf")
struct InferenceMessageTests {
  private static let texts = [
    "", "a", "Iris", "größe", String(repeating: "x", count: 127),
    String(repeating: "y", count: 128),
    String(repeating: "z", count: 17000),
  ]
  private static let sizes = [0, 1, 3, 4, 31, 32, 127, 128, 5000]

  private func responses() -> [InferenceResponse] {
    let numbers: [Float] = [0, 1, -1, 2.5, .nan, .infinity, 16_777_216, -2_147_483_648, 3e38]
    var outputs: [OutputTensor] = Self.texts.map {
      OutputTensor(
        name: $0, datatype: .bytes, shape: [Self.texts.count], content: .texts(Self.texts))
    }
    for size in Self.sizes {
      for datatype in [Datatype.float32, .int32, .int64] {
        outputs.append(
          OutputTensor(
            name: "out", datatype: datatype, shape: [size, 1],
            content: .numbers((0..<size).map { numbers[$0 % numbers.count] })))
      }
    }
    let parameters: [[(name: String, value: InferenceParameter)]] =
      [[]]
      + [
        .bool(true), .bool(false), .integer(0), .integer(-1), .integer(.max), .number(-0.5),
        .number(0), .text(""), .text("warning"),
      ].map { [(name: "p", value: $0)] }
    return outputs.map {
      InferenceResponse(
        modelName: "iris", modelVersion: "1", id: $0.name, parameters: [], outputs: [$0])
    }
      + parameters.map {
        InferenceResponse(
          modelName: "", modelVersion: "", id: "", parameters: $0,
          outputs: Array(outputs.suffix(3)))
      }
  }

  @Test("an answer is encoded to the same bytes", arguments: [true, false])
  func answers(isRaw: Bool) throws {
    for response in responses() {
      let expected: [UInt8] = try Inference_ModelInferResponse(response, isRaw: isRaw)
        .serializedBytes()
      let frame = response.frame(isRaw: isRaw)
      #expect(frame.count == expected.count)
      #expect(frame.message.readableBytesView.elementsEqual(expected))
      #expect(frame.buffer.getInteger(at: 0, as: UInt8.self) == 0)
      #expect(frame.buffer.getInteger(at: 1, as: UInt32.self) == UInt32(expected.count))
    }
  }

  private func requests() -> [Inference_ModelInferRequest] {
    var requests: [Inference_ModelInferRequest] = []
    for count in [0, 1, 4, 40, 3000] {
      let values = (0..<count).map { Float($0) * -0.25 }
      for isRaw in [true, false] {
        for text in Self.texts {
          requests.append(
            .with { request in
              request.modelName = text
              request.modelVersion = text
              request.id = text
              request.inputs = [
                .with {
                  $0.name = text
                  $0.datatype = "FP32"
                  $0.shape = [Int64(count), 1]
                  if !isRaw { $0.contents.fp32Contents = values }
                }
              ]
              if isRaw {
                request.rawInputContents = [values.withUnsafeBytes { Data($0) }]
              }
            })
        }
      }
    }
    return requests
  }

  /// What the plain decoder and the quick one make of bytes, as far as the quick one has a say.
  private func check(_ bytes: [UInt8]) -> Bool {
    guard let quick = try? InferenceRequest(MessageFrame(bytes)) else { return false }
    guard let message = try? Inference_ModelInferRequest(serializedBytes: bytes),
      let plain = try? InferenceRequest(message)
    else {
      Issue.record("only the quick decoder takes \(bytes.prefix(200))")
      return true
    }
    #expect(quick.model == plain.model)
    #expect(quick.version == plain.version)
    #expect(quick.id == plain.id)
    #expect(quick.outputs == nil && plain.outputs == nil)
    #expect(quick.parameters.isEmpty && plain.parameters.isEmpty)
    #expect(quick.inputs.count == plain.inputs.count)
    for (quick, plain) in zip(quick.inputs, plain.inputs) {
      #expect(quick.name == plain.name)
      #expect(quick.datatype == plain.datatype)
      #expect(quick.shape == plain.shape)
      switch (quick.content, plain.content) {
      case (.raw(let quick), .raw(let plain)): #expect(quick == plain)
      case (.numbers(let quick), .numbers(let plain)):
        #expect(quick.map(\.bitPattern) == plain.map(\.bitPattern))
      default: Issue.record("\(quick) beside \(plain)")
      }
    }
    return true
  }

  @Test("ordinary requests are decoded to the same tensors")
  func ordinary() throws {
    for request in requests() {
      let bytes: [UInt8] = try request.serializedBytes()
      #expect(check(bytes))
    }
  }

  @Test("what is not ordinary is left to SwiftProtobuf")
  func unusual() throws {
    let ordinary = requests()[requests().count - 1]
    let changes: [(inout Inference_ModelInferRequest) -> Void] = [
      { $0.parameters["priority"] = .with { $0.int64Param = 1 } },
      { $0.outputs = [.with { $0.name = "predict" }] },
      { $0.inputs[0].parameters["a"] = .with { $0.boolParam = true } },
      { $0.inputs[0].contents.intContents = [1] },
      { $0.inputs[0].datatype = "INT64" },
      { $0.inputs[0].datatype = "nothing" },
      { $0.inputs[0].shape = [-1, 4] },
      {
        $0.inputs.append($0.inputs[0])
        $0.rawInputContents = [Data(), Data()]
      },
      { $0.inputs[0].clearContents() },
    ]
    for change in changes {
      var request = ordinary
      change(&request)
      let bytes: [UInt8] = try request.serializedBytes()
      #expect(!check(bytes))
    }
  }

  @Test("damaged requests are never read as others")
  func damaged() throws {
    var random = SystemRandomNumberGenerator()
    for request in requests() {
      let whole: [UInt8] = try request.serializedBytes()
      let bytes = Array(whole.prefix(600))
      guard !bytes.isEmpty else { continue }
      for _ in 0..<50 {
        var damaged = bytes
        damaged[.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
        if Bool.random(using: &random) {
          damaged.removeLast(.random(in: 0..<damaged.count, using: &random))
        }
        _ = check(damaged)
      }
    }
  }
}
