#!/bin/sh
# Writes one nearly empty source file for every target of Package.swift that has none, so that a build
# compiles all the dependencies before the sources are there. The Dockerfile's dependency layer is made so.
# Libraries are stubbed in C: a Swift stub would leave a module behind that hides a real one in C.
set -eu
swift package dump-package | sed -nE 's/^      "(name|path|type)" : "(.*)",?$/\1 \2/p' |
  while read -r key value; do
    case "$key $value" in
      name*) name=$value path= ;;
      path*) path=$value ;;
      'type regular' | 'type executable' | 'type test')
        folder=${path:-Sources/$name}
        file=Stub.c
        [ "$value" != test ] || folder=${path:-Tests/$name} file=Stub.swift
        [ "$value" != executable ] || file=main.swift
        [ -d "$folder" ] || { mkdir -p "$folder/include" && echo '// Stub.' >"$folder/$file"; }
        ;;
    esac
  done
