import Forest
public import Jobs
public import NIOCore

/// The bytes of requests and answers in the queue.
///
/// Integers are little-endian, texts are a length (UInt32) and UTF-8, a matrix is its number of
/// rows and of columns (UInt32 each) and its float32 values. A request is the format's number,
/// the model's name and version, the outputs (a count, then the name of each) and the rows. An answer
/// is the format's number, then 1, the outputs (a count, then name and matrix of each) and, where it
/// is known, how long the model was at work (UInt64, nanoseconds), or 0 and the code and the message
/// of an error. The deadline travels beside the request, with the job.
public enum PredictionCodec {
  private static let format: UInt8 = 1

  /// The bytes of a request.
  public static func encode(_ request: PredictionRequest) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.reserveCapacity(64 + request.rows.values.count * 4)
    buffer.writeInteger(format)
    buffer.writeText(request.model.name)
    buffer.writeText(request.model.version)
    buffer.writeInteger(UInt32(request.outputs.count), endianness: .little)
    for output in request.outputs { buffer.writeText(output.rawValue) }
    buffer.writeMatrix(request.rows)
    return buffer
  }

  /// The request in these bytes; nil if they are damaged.
  public static func decodeRequest(_ bytes: ByteBuffer, deadline: Deadline) -> PredictionRequest? {
    var buffer = bytes
    guard buffer.readInteger(as: UInt8.self) == format,
      let name = buffer.readText(), let version = buffer.readText(),
      let outputCount = buffer.readInteger(endianness: .little, as: UInt32.self),
      outputCount <= Output.allCases.count
    else { return nil }
    var outputs: [Output] = []
    for _ in 0..<outputCount {
      guard let output = buffer.readText().flatMap(Output.init) else { return nil }
      outputs.append(output)
    }
    guard let rows = buffer.readMatrix(), buffer.readableBytes == 0 else { return nil }
    return PredictionRequest(
      model: ModelID(name: name, version: version), rows: rows, outputs: outputs,
      deadline: deadline)
  }

  /// The bytes of an answer.
  public static func encode(_ answer: Result<Prediction, PredictionError>) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.reserveCapacity(64)
    buffer.writeInteger(format)
    switch answer {
    case .success(let prediction):
      buffer.writeInteger(UInt8(1))
      buffer.writeInteger(UInt32(prediction.values.count), endianness: .little)
      for (output, matrix) in prediction.values {
        buffer.writeText(output.rawValue)
        buffer.writeMatrix(matrix)
      }
      if let computation = prediction.computation {
        buffer.writeInteger(UInt64(max(0, computation.nanoseconds)), endianness: .little)
      }
    case .failure(let error):
      buffer.writeInteger(UInt8(0))
      buffer.writeText(error.code.rawValue)
      buffer.writeText(error.message)
    }
    return buffer
  }

  /// The answer in these bytes; nil if they are damaged.
  public static func decodeAnswer(_ bytes: ByteBuffer) -> Result<Prediction, PredictionError>? {
    var buffer = bytes
    guard buffer.readInteger(as: UInt8.self) == format else { return nil }
    switch buffer.readInteger(as: UInt8.self) {
    case 1:
      guard let count = buffer.readInteger(endianness: .little, as: UInt32.self),
        count <= Output.allCases.count
      else { return nil }
      var values: [Output: Matrix] = [:]
      for _ in 0..<count {
        guard let output = buffer.readText().flatMap(Output.init),
          let matrix = buffer.readMatrix()
        else { return nil }
        values[output] = matrix
      }
      let nanoseconds = buffer.readInteger(endianness: .little, as: UInt64.self)
      return .success(
        Prediction(
          values: values,
          computation: nanoseconds.map { .nanoseconds(Int64(clamping: $0)) }))
    case 0:
      guard let code = buffer.readText().flatMap(PredictionError.Code.init),
        let message = buffer.readText()
      else { return nil }
      return .failure(PredictionError(code, message))
    default: return nil
    }
  }
}

extension ByteBuffer {
  fileprivate mutating func writeText(_ text: String) {
    writeInteger(UInt32(text.utf8.count), endianness: .little)
    writeString(text)
  }

  fileprivate mutating func readText() -> String? {
    guard let count = readInteger(endianness: .little, as: UInt32.self) else { return nil }
    return readString(length: Int(count))
  }

  fileprivate mutating func writeMatrix(_ matrix: Matrix) {
    writeInteger(UInt32(matrix.rowCount), endianness: .little)
    writeInteger(UInt32(matrix.columnCount), endianness: .little)
    #if _endian(little)
      _ = matrix.values.withUnsafeBytes { writeBytes($0) }
    #else
      for value in matrix.values { writeInteger(value.bitPattern, endianness: .little) }
    #endif
  }

  fileprivate mutating func readMatrix() -> Matrix? {
    guard let rowCount = readInteger(endianness: .little, as: UInt32.self),
      let columnCount = readInteger(endianness: .little, as: UInt32.self),
      case let (count, overflow) = Int(rowCount).multipliedReportingOverflow(by: Int(columnCount)),
      !overflow, count <= readableBytes / 4
    else { return nil }
    guard let bytes = readSlice(length: count * 4) else { return nil }
    let values = [Float](unsafeUninitializedCapacity: count) { values, filled in
      // Safe: both are as many bytes long, and any bits are a float32.
      bytes.withUnsafeReadableBytes { UnsafeMutableRawBufferPointer(values).copyMemory(from: $0) }
      #if _endian(big)
        for index in 0..<count {
          values[index] = Float(bitPattern: values[index].bitPattern.byteSwapped)
        }
      #endif
      filled = count
    }
    return Matrix(rowCount: Int(rowCount), columnCount: Int(columnCount), values: values)
  }
}
