#!/usr/bin/env bash
# Makes Sources/API/GRPC/Generated from the .proto files beside this script.
# Needs protoc (apt-get install protobuf-compiler). The plugins are built from the packages that
# Package.swift names; PLUGINS names a folder that has them already.
set -euo pipefail
cd "$(dirname "$0")/../.."

plugins=${PLUGINS:-.build/debug}
if [ -z "${PLUGINS:-}" ]; then
  swift build --product protoc-gen-swift
  swift build --product protoc-gen-grpc-swift-2
fi
out=Sources/API/GRPC/Generated
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp Scripts/protobuf/*.proto "$work"
# The older name of the reflection service, with the same messages: only its description is needed.
sed 's/grpc\.reflection\.v1/grpc.reflection.v1alpha/' "$work/reflection.proto" >"$work/reflection_v1alpha.proto"

mkdir -p "$out"
rm -f "$out"/*.swift
files=(inference.proto health.proto reflection.proto)
protoc -I "$work" "${files[@]}" \
  --plugin="$plugins/protoc-gen-swift" --swift_out="$out" \
  --swift_opt=Visibility=Internal,UseAccessLevelOnImports=true \
  --plugin="$plugins/protoc-gen-grpc-swift-2" --grpc-swift-2_out="$out" \
  --grpc-swift-2_opt=Visibility=Internal,UseAccessLevelOnImports=true,Server=true,Client=false

# Both versions of reflection are registered by hand, with the messages of one.
rm "$out/reflection.grpc.swift"

protoc -I "$work" "${files[@]}" reflection_v1alpha.proto --descriptor_set_out="$work/set"
{
  printf '// DO NOT EDIT: written by Scripts/protobuf/generate.sh\n// swift-format-ignore-file\n\n'
  printf '/// The descriptions of all services, as a FileDescriptorSet in base64, for reflection.\n'
  printf 'let serviceDescriptors = """\n'
  base64 -w 96 "$work/set" | sed 's/^/  /; s/$/\\/; $ s/\\$//'
  printf '  """\n'
} >"$out/ServiceDescriptors.swift"
