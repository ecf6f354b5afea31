/// CityHash64 in its first version, by which CatBoost knows categories.
///
/// The constants and the order of the steps are those of Geoff Pike's and Jyrki Alakuijala's
/// CityHash 1.0 (2011); later versions give other values.
enum CityHash {
  private static let k0: UInt64 = 0xc3a5_c85c_97cb_3127
  private static let k1: UInt64 = 0xb492_b66f_be98_f273
  private static let k2: UInt64 = 0x9ae1_6a3b_2f90_404f
  private static let k3: UInt64 = 0xc949_d7c7_509e_6557

  /// The hash of these bytes.
  static func hash(_ bytes: [UInt8]) -> UInt64 {
    switch bytes.count {
    case 0...16: short(bytes)
    case 17...32: medium(bytes)
    case 33...64: long(bytes)
    default: endless(bytes)
    }
  }

  private static func short(_ bytes: [UInt8]) -> UInt64 {
    let count = UInt64(bytes.count)
    if bytes.count > 8 {
      let first = word(bytes, 0)
      let last = word(bytes, bytes.count - 8)
      return mix(first, rotate(last &+ count, count)) ^ last
    }
    if bytes.count >= 4 {
      return mix(count &+ half(bytes, 0) << 3, half(bytes, bytes.count - 4))
    }
    guard let first = bytes.first, let last = bytes.last else { return k2 }
    let y = UInt64(first) &+ UInt64(bytes[bytes.count / 2]) << 8
    let z = count &+ UInt64(last) << 2
    return shift(y &* k2 ^ z &* k3) &* k2
  }

  private static func medium(_ bytes: [UInt8]) -> UInt64 {
    let a = word(bytes, 0) &* k1
    let b = word(bytes, 8)
    let c = word(bytes, bytes.count - 8) &* k2
    let d = word(bytes, bytes.count - 16) &* k0
    return mix(
      rotate(a &- b, 43) &+ rotate(c, 30) &+ d,
      a &+ rotate(b ^ k3, 20) &- c &+ UInt64(bytes.count))
  }

  private static func long(_ bytes: [UInt8]) -> UInt64 {
    let end = bytes.count
    /// Two sums of the 32 bytes from a start, the last of which are at another place.
    func sums(_ a: UInt64, _ z: UInt64, _ second: Int, _ third: Int) -> (UInt64, UInt64) {
      var a = a
      let b = rotate(a &+ z, 52)
      var c = rotate(a, 37)
      a &+= word(bytes, second)
      c &+= rotate(a, 7)
      a &+= word(bytes, third)
      return (a &+ z, b &+ rotate(a, 31) &+ c)
    }
    let v = sums(
      word(bytes, 0) &+ (UInt64(end) &+ word(bytes, end - 16)) &* k0, word(bytes, 24), 8, 16)
    let w = sums(word(bytes, 16) &+ word(bytes, end - 32), word(bytes, end - 8), end - 24, end - 16)
    let r = shift((v.0 &+ w.1) &* k2 &+ (w.0 &+ v.1) &* k0)
    return shift(r &* k0 &+ v.1) &* k2
  }

  private static func endless(_ bytes: [UInt8]) -> UInt64 {
    let end = bytes.count
    var x = word(bytes, 0)
    var y = word(bytes, end - 16) ^ k1
    var z = word(bytes, end - 56) ^ k0
    var v = weak(bytes, end - 64, UInt64(end), y)
    var w = weak(bytes, end - 32, UInt64(end) &* k1, k0)
    z &+= shift(v.1) &* k1
    x = rotate(z &+ x, 39) &* k1
    y = rotate(y, 33) &* k1
    for start in stride(from: 0, to: (end - 1) / 64 * 64, by: 64) {
      x = rotate(x &+ y &+ v.0 &+ word(bytes, start + 16), 37) &* k1
      y = rotate(y &+ v.1 &+ word(bytes, start + 48), 42) &* k1
      x ^= w.1
      y ^= v.0
      z = rotate(z ^ w.0, 33)
      v = weak(bytes, start, v.1 &* k1, x &+ w.0)
      w = weak(bytes, start + 32, z &+ w.1, y)
      swap(&z, &x)
    }
    return mix(mix(v.0, w.0) &+ shift(y) &* k1 &+ z, mix(v.1, w.1) &+ x)
  }

  private static func weak(
    _ bytes: [UInt8], _ start: Int, _ a: UInt64, _ b: UInt64
  ) -> (UInt64, UInt64) {
    let first = a &+ word(bytes, start)
    let last = word(bytes, start + 24)
    let sum = first &+ word(bytes, start + 8) &+ word(bytes, start + 16)
    return (sum &+ last, rotate(b &+ first &+ last, 21) &+ rotate(sum, 44) &+ first)
  }

  private static func mix(_ u: UInt64, _ v: UInt64) -> UInt64 {
    let multiplier: UInt64 = 0x9ddf_ea08_eb38_2d69
    var a = (u ^ v) &* multiplier
    a ^= a >> 47
    var b = (v ^ a) &* multiplier
    b ^= b >> 47
    return b &* multiplier
  }

  private static func shift(_ value: UInt64) -> UInt64 { value ^ value >> 47 }

  private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
    value &>> count | value &<< (64 &- count)
  }

  private static func word(_ bytes: [UInt8], _ start: Int) -> UInt64 {
    bytes[start..<start + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func half(_ bytes: [UInt8], _ start: Int) -> UInt64 {
    bytes[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
