import FoundationEssentials

/// A two-dimensional little-endian float32 array from a `.npy` file.
struct NumPyArray {
  let rowCount: Int
  let columnCount: Int
  let values: [Float]

  init(contentsOf path: String) throws {
    let data = try Data(contentsOf: URL(filePath: path))
    let headerLength = Int(data[8]) | Int(data[9]) << 8
    let header = String(decoding: data[10..<10 + headerLength], as: UTF8.self)
    guard header.contains("'<f4'"), header.contains("'fortran_order': False"),
      let open = header.lastIndex(of: "("), let close = header.lastIndex(of: ")")
    else { throw BenchError("\(path) holds no row-major float32 array") }
    let shape = header[header.index(after: open)..<close].split { !$0.isNumber }.compactMap {
      Int($0)
    }
    guard shape.count == 2 else { throw BenchError("\(path) holds no table") }
    (rowCount, columnCount) = (shape[0], shape[1])
    values = data.dropFirst(10 + headerLength).withUnsafeBytes {
      Array($0.bindMemory(to: Float.self))
    }
  }
}

struct BenchError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
