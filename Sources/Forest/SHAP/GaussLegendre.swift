#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Points between 0 and 1, and weights, that integrate polynomials from 0 to 1.
struct GaussLegendre {
  private(set) var points: [Double] = []
  private(set) var weights: [Double] = []

  /// That many points, which are exact up to degree `2 * count - 1`.
  init(count: Int) {
    for index in 0..<count {
      // Newton's method on the Legendre polynomial, from Tricomi's estimate of its root.
      var root = cos(.pi * (Double(index) + 0.75) / (Double(count) + 0.5))
      var slope = 0.0
      for _ in 0..<8 {
        var (last, value) = (0.0, 1.0)
        for degree in 0..<count {
          let degree = Double(degree)
          let next = ((2 * degree + 1) * root * value - degree * last) / (degree + 1)
          (last, value) = (value, next)
        }
        slope = Double(count) * (root * value - last) / (root * root - 1)
        root -= value / slope
      }
      points.append((1 - root) / 2)
      weights.append(1 / ((1 - root * root) * slope * slope))
    }
  }
}
