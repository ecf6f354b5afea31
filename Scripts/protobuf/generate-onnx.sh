#!/bin/sh
# Makes the Swift code of onnx.proto. Needs protoc and, on the PATH, the protoc-gen-swift of the
# swift-protobuf that Package.resolved names (swift build --product protoc-gen-swift, in its clone).
set -eu
cd "$(dirname "$0")"
protoc --swift_out=../../Sources/ModelFormats/ONNX/Generated \
  --swift_opt=UseAccessLevelOnImports=true onnx.proto
