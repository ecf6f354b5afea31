// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "shap-bench",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "coppice", path: "../../..")],
  targets: [
    .executableTarget(
      name: "shap-bench",
      dependencies: [
        .product(name: "Forest", package: "coppice"),
        .product(name: "ModelFormats", package: "coppice"),
      ])
  ]
)
