extension PickleMachine {
  /// The array whose place a `NumpyArrayWrapper` of joblib holds: its bytes, or a pickle of its
  /// objects, stand in the file right after.
  mutating func joblibArray(_ state: PickleValue) throws -> NumpyArray {
    try charge(NumpyArray.cost)
    let fields = graph.attributes(state) ?? [:]
    guard let shape = fields["shape"].flatMap(shape),
      let order = fields["order"].flatMap(graph.text),
      let type = fields["dtype"], case .type(let type) = graph[type]
    else { throw error("the place of an array of joblib is malformed") }
    if type.kind == UInt8(ascii: "O") {
      let value = try runNested()
      guard case .array(let array) = graph[value] else {
        throw error("expected an array of objects")
      }
      return array
    }
    if let alignment = fields["numpy_array_alignment_bytes"], alignment != .none {
      // Padding, so that the file can be mapped: its length, then as many bytes.
      _ = try input.take(Int(input.byte()))
    }
    guard let count = NumpyArray.count(shape) else { throw error("the array is too large") }
    let size = count.multipliedReportingOverflow(by: type.size)
    guard !size.overflow else { throw error("the array is too large") }
    let bytes = try input.take(size.partialValue)
    guard
      let array = NumpyArray(type: type, shape: shape, isFortran: order == "F", bytes: bytes)
    else { throw error("the array is malformed") }
    return array
  }
}
