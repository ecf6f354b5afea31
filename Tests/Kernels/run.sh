#!/usr/bin/env bash
# Checks the C kernels against plain loops, at every level that the processor has: as they are built, and with
# sanitizers. On Linux on x86-64 they are also built for aarch64, and run on an emulated processor that has NEON
# and nothing newer; that takes qemu-user and libc6-dev-arm64-cross (Scripts/install.sh).
set -euo pipefail
cd "$(dirname "$0")/../.."

# The compiler of the Swift package is the one beside swift.
swift=$(command -v "${SWIFT:-swift}") || { echo "there is no swift" >&2; exit 1; }
PATH=$(dirname "$(readlink -f "$swift")"):$PATH
out=.build/kernels
system=/usr/aarch64-linux-gnu
machine=$(uname -sm)

# As the package builds them for release, which tells the compiler of no processor and no language.
flags=(-O2 -g -fPIC -Wall -Wextra -Werror -I Sources/ForestKernels/include -I Sources/DecimalKernels/include)
# Out of line, and without two checks (the addresses cover them), or the kernels take minutes to compile.
checks=(-O1 -g1 -fsanitize=undefined -fno-sanitize=pointer-overflow -fno-sanitize=object-size)
native=(-lm)
[[ $machine != Linux* ]] || native+=(-fuse-ld=lld)
aarch64=(--target=aarch64-linux-gnu -isystem "$system/include")
# Linked with libc and nothing else, so that no compiler of that system is needed.
linked=(-fuse-ld=lld -nostdlib
  "$system"/lib/{crt1.o,libc.so.6,libc_nonshared.a,ld-linux-aarch64.so.1})
emulator=(qemu-aarch64 -cpu cortex-a53 -L "$system")

say() { printf '[%2ds] %s\n' "$SECONDS" "$*"; }

# build NAME FLAG...
build() { clang "${flags[@]}" "${@:2}" Sources/{Forest,Decimal}Kernels/*.c Tests/Kernels/*.c -o "$out/$1"; }

# vectors FUNCTION FLAG...: the instructions of a function of the slices that use vector registers.
vectors() {
  clang "${flags[@]}" "${@:2}" -S Sources/ForestKernels/Slice.c -o - |
    awk -v label="^_?$1:" '$0 ~ label { inside = 1 } /End function/ { inside = 0 }
      inside && /[ \t]v[0-9]+[.,]/ { count++ } END { print count + 0 }'
}
# neon FLAG...
neon() {
  local function count
  for function in baseline_ask baseline_add; do
    count=$(vectors $function "$@")
    say "aarch64: $count NEON instructions in $function"
    [ "$count" -ge 100 ] || { echo "$function is not vector code" >&2; exit 1; }
  done
}

mkdir -p $out
say "$machine, as released"
build native "${native[@]}"
$out/native
say "$machine, sanitizers"
build sanitized "${native[@]}" "${checks[@]}" -fsanitize=address -fno-sanitize-recover=all \
  -fsanitize-address-outline-instrumentation
$out/sanitized

case $machine in
  *aarch64 | *arm64) neon ;;
  'Linux x86_64')
    neon "${aarch64[@]}"
    say "aarch64 emulated, as released"
    build aarch64 "${aarch64[@]}" "${linked[@]}"
    "${emulator[@]}" $out/aarch64
    say "aarch64 emulated, sanitizer"
    build aarch64-sanitized "${aarch64[@]}" "${linked[@]}" "${checks[@]}" -fsanitize-trap=undefined
    "${emulator[@]}" $out/aarch64-sanitized
    ;;
  *) say "no aarch64 here" ;;
esac
say "the kernels are right"
