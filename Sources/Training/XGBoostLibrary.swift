#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// XGBoost's own library, opened at run time, so that nothing but training needs it.
///
/// Stays open until the process ends, for its threads do. Not for use from several threads at once.
public final class XGBoostLibrary {
  /// The file, as it was opened.
  public let path: String
  /// The version, such as `1.7.4`.
  public let version: String

  typealias Handle = UnsafeMutableRawPointer
  typealias NewHandle = UnsafeMutablePointer<UnsafeMutableRawPointer?>
  typealias CString = UnsafePointer<CChar>
  typealias NewCString = UnsafeMutablePointer<UnsafePointer<CChar>?>
  typealias Count = UInt64  // bst_ulong
  typealias Status = CInt
  typealias SetStringInfo =
    @convention(c) (Handle, CString, UnsafeMutablePointer<CString?>?, Count) -> Status

  // The C interface, as xgboost/c_api.h declares it.
  let registerLogCallback: @convention(c) (@convention(c) (CString?) -> Void) -> Status
  let createMatrix:
    @convention(c) (UnsafePointer<Float>?, Count, Count, Float, NewHandle, CInt) -> Status
  let freeMatrix: @convention(c) (Handle) -> Status
  let setFloatInfo: @convention(c) (Handle, CString, UnsafePointer<Float>?, Count) -> Status
  let setMatrixStringInfo: SetStringInfo
  let createBooster:
    @convention(c) (UnsafePointer<UnsafeMutableRawPointer?>?, Count, NewHandle) -> Status
  let freeBooster: @convention(c) (Handle) -> Status
  let setParameter: @convention(c) (Handle, CString, CString) -> Status
  let saveConfiguration: @convention(c) (Handle, UnsafeMutablePointer<Count>, NewCString) -> Status
  let updateOneIteration: @convention(c) (Handle, CInt, Handle) -> Status
  let evaluateOneIteration:
    @convention(c) (
      Handle, CInt, UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
      UnsafeMutablePointer<CString?>?,
      Count, NewCString
    ) -> Status
  let setBoosterStringInfo: SetStringInfo
  let sliceBooster: @convention(c) (Handle, CInt, CInt, CInt, NewHandle) -> Status
  let saveModel: @convention(c) (Handle, CString, UnsafeMutablePointer<Count>, NewCString) -> Status
  let loadModel: @convention(c) (Handle, UnsafeRawPointer?, Count) -> Status
  let predict:
    @convention(c) (
      Handle, Handle, CString, UnsafeMutablePointer<UnsafePointer<Count>?>,
      UnsafeMutablePointer<Count>, UnsafeMutablePointer<UnsafePointer<Float>?>
    ) -> Status
  private let lastError: @convention(c) () -> CString?

  /// Opens the library.
  ///
  /// - Parameter path: a file, or a name that the system's loader finds.
  /// - Throws: ``XGBoostError`` when it cannot be opened, is no XGBoost or one older than 1.7.
  public init(path: String) throws(XGBoostError) {
    guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      let reason = dlerror().map { String(cString: $0) } ?? path
      throw XGBoostError(.libraryMissing, "the library cannot be opened: \(reason)")
    }
    func symbol<Function>(_ name: String) throws(XGBoostError) -> Function {
      guard let address = dlsym(handle, name) else {
        throw XGBoostError(
          .libraryUnsupported,
          "\(path): this is not XGBoost 1.7 or newer (it has no \(name)); install a newer one")
      }
      // Safe: the properties above declare each function as xgboost/c_api.h does.
      return unsafeBitCast(address, to: Function.self)
    }
    let readVersion:
      @convention(c) (
        UnsafeMutablePointer<CInt>, UnsafeMutablePointer<CInt>, UnsafeMutablePointer<CInt>
      ) -> Void = try symbol("XGBoostVersion")
    var (major, minor, patch): (CInt, CInt, CInt) = (0, 0, 0)
    readVersion(&major, &minor, &patch)
    guard (major, minor) >= (1, 7) else {
      throw XGBoostError(
        .libraryUnsupported,
        "\(path): this is XGBoost \(major).\(minor).\(patch); 1.7 or newer is needed")
    }
    self.path = path
    version = "\(major).\(minor).\(patch)"
    registerLogCallback = try symbol("XGBRegisterLogCallback")
    createMatrix = try symbol("XGDMatrixCreateFromMat_omp")
    freeMatrix = try symbol("XGDMatrixFree")
    setFloatInfo = try symbol("XGDMatrixSetFloatInfo")
    setMatrixStringInfo = try symbol("XGDMatrixSetStrFeatureInfo")
    createBooster = try symbol("XGBoosterCreate")
    freeBooster = try symbol("XGBoosterFree")
    setParameter = try symbol("XGBoosterSetParam")
    saveConfiguration = try symbol("XGBoosterSaveJsonConfig")
    updateOneIteration = try symbol("XGBoosterUpdateOneIter")
    evaluateOneIteration = try symbol("XGBoosterEvalOneIter")
    setBoosterStringInfo = try symbol("XGBoosterSetStrFeatureInfo")
    sliceBooster = try symbol("XGBoosterSlice")
    saveModel = try symbol("XGBoosterSaveModelToBuffer")
    loadModel = try symbol("XGBoosterLoadModelFromBuffer")
    predict = try symbol("XGBoosterPredictFromDMatrix")
    lastError = try symbol("XGBGetLastError")
  }

  /// Turns the status of a call into an error with the library's own text.
  func check(_ status: Status) throws(XGBoostError) {
    guard status == 0 else {
      let text = lastError().map { String(cString: $0) } ?? ""
      throw XGBoostError(.libraryFailure, "XGBoost \(version): \(XGBoostError.readable(text))")
    }
  }
}

/// Gives the closure an array of C strings that live as long as it runs.
func withCStrings<Result>(
  _ texts: [String], _ body: (UnsafeMutablePointer<UnsafePointer<CChar>?>) throws -> Result
) rethrows -> Result {
  let copies = texts.map { strdup($0) }
  defer { copies.forEach { free($0) } }
  var pointers = copies.map { UnsafePointer($0) }
  return try pointers.withUnsafeMutableBufferPointer { try body($0.baseAddress!) }
}
