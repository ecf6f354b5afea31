// swift-tools-version: 6.3
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("InferIsolatedConformances"),
  .treatAllWarnings(as: .error),
]

/// Products of other packages, by the short names that the targets below use.
let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grpcCore = Target.Dependency.product(name: "GRPCCore", package: "grpc-swift-2")
let grpcProtobuf = Target.Dependency.product(name: "GRPCProtobuf", package: "grpc-swift-protobuf")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioExtras = Target.Dependency.product(name: "NIOExtras", package: "swift-nio-extras")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTPTypesHTTP1 = Target.Dependency.product(
  name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTP2 = Target.Dependency.product(name: "NIOHTTP2", package: "swift-nio-http2")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let unixSignals = Target.Dependency.product(
  name: "UnixSignals", package: "swift-service-lifecycle")
let serviceLifecycle = Target.Dependency.product(
  name: "ServiceLifecycle", package: "swift-service-lifecycle")

/// A library target on one of the floors; it may import only what stands below it.
func floor(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// A C library of the system's.
func system(_ name: String, apt: String, brew: String) -> Target {
  .systemLibrary(
    name: name, path: "Sources/System/\(name)", providers: [.apt([apt]), .brew([brew])])
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name + "Tests", dependencies: dependencies, swiftSettings: settings)
}

let package = Package(
  name: "coppice",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "coppice", targets: ["coppice"]),
    .executable(name: "forest-bench", targets: ["forest-bench"]),
    .library(name: "Forest", targets: ["Forest"]),
    .library(name: "ModelFormats", targets: ["ModelFormats"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0", traits: []),
    .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-nio-http2.git", from: "1.46.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-protobuf.git", from: "1.39.0", traits: []),
    .package(url: "https://github.com/grpc/grpc-swift-2.git", from: "2.4.3"),
    .package(url: "https://github.com/grpc/grpc-swift-protobuf.git", from: "2.4.1"),
    .package(
      url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1", traits: []),
    .package(
      url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
  ],
  targets: [
    // Floor 0: no target of ours below.
    .target(name: "DecimalKernels"),
    .target(name: "ForestKernels"),
    system("CBZip2", apt: "libbz2-dev", brew: "bzip2"),
    system("CLZMA", apt: "liblzma-dev", brew: "xz"),
    .systemLibrary(name: "CMalloc", path: "Sources/System/CMalloc"),
    system("CSQLite", apt: "libsqlite3-dev", brew: "sqlite3"),
    system("CZlib", apt: "zlib1g-dev", brew: "zlib"),
    floor("Forest", ["ForestKernels"]),
    floor("JSON", ["DecimalKernels"]),
    floor("Redis", [crypto, logging, nioCore, nioPosix, nioSSL, serviceLifecycle]),
    floor("Telemetry", ["JSON", logging, metrics]),
    // Floor 1
    floor("ModelFormats", ["CBZip2", "CLZMA", "CZlib", "Forest", "JSON", protobuf]),
    floor("Training", ["Forest", crypto]),
    floor("Jobs", ["CSQLite", "Redis", logging, metrics, nioCore, nioPosix, serviceLifecycle]),
    // Floor 2
    floor(
      "Serving",
      [
        "Forest", "Jobs", "ModelFormats", logging, metrics, nioCore, nioPosix, serviceLifecycle,
      ]),
    // Floor 3
    floor(
      "API",
      [
        "CZlib", "Forest", "JSON", "Jobs", "Serving", "Telemetry", crypto, grpcCore, grpcProtobuf,
        httpTypes, hummingbird, hummingbirdCore, logging, metrics, nioCore, nioExtras, nioHTTP1,
        nioHTTP2, nioHTTPTypes, nioPosix, nioSSL, protobuf, serviceLifecycle,
      ]),
    floor("Worker", ["Jobs", "Serving", logging, metrics, nioCore, serviceLifecycle]),
    // Floor 4
    .executableTarget(
      name: "coppice",
      dependencies: [
        "API", "CMalloc", "Forest", "Jobs", "ModelFormats", "Redis", "Serving", "Telemetry",
        "Training", "Worker", argumentParser, logging, metrics, nioCore, nioHTTP1, nioPosix,
        serviceLifecycle, unixSignals,
      ],
      swiftSettings: settings),
    // Benchmarks
    .executableTarget(
      name: "forest-bench", dependencies: ["Forest", "ModelFormats"],
      path: "Benchmarks/engine/forest-bench", swiftSettings: settings),
    // Tests
    .target(
      name: "TestSupport", dependencies: [logging, serviceLifecycle], path: "Tests/Support",
      swiftSettings: settings),
    tests("Forest", ["Forest"]),
    tests("JSON", ["JSON"]),
    tests("ModelFormats", ["Forest", "ModelFormats"]),
    tests("Training", ["Forest", "Training"]),
    tests("Redis", ["Redis", "TestSupport", nioCore, nioPosix]),
    tests("Telemetry", ["Telemetry", "TestSupport", logging]),
    tests(
      "Jobs", ["Jobs", "Redis", "Telemetry", "TestSupport", metrics, nioCore, serviceLifecycle]),
    tests(
      "Worker",
      ["Forest", "Jobs", "Redis", "Serving", "Telemetry", "TestSupport", "Worker", nioCore]),
    tests(
      "Serving",
      ["Forest", "Jobs", "Serving", "Telemetry", "TestSupport", logging, metrics, serviceLifecycle]
    ),
    tests(
      "API",
      [
        "API", httpTypes, nioCore, nioEmbedded, nioHTTP1, nioHTTP2, nioHTTPTypes,
        nioHTTPTypesHTTP1, protobuf,
      ]),
    tests("Integration", ["TestSupport", "coppice"]),
  ]
)

// `make fuzz` alone: libFuzzer brings a main function of its own.
if Context.environment["COPPICE_FUZZ"] != nil {
  package.products.append(.executable(name: "fuzz", targets: ["fuzz"]))
  package.targets.append(
    .executableTarget(
      name: "fuzz", dependencies: ["Forest", "ModelFormats"], path: "Tests/Fuzz",
      exclude: ["corpus", "run.sh"],
      swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])],
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer"])]))
}
