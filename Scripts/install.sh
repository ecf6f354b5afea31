#!/usr/bin/env bash
# Installs what is missing, and nothing else: without anything missing it needs no network and no root.
#
#   Scripts/install.sh [xgboost] [redis-server] [curl] [zlib1g-dev] ...
#
# Debian and Ubuntu: apt (with sudo when not root). macOS: brew. xgboost where apt has none: its pip wheel.
# Libraries to build with go by the names of their Debian packages.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'install: %s\n' "$*"; }
die() { printf 'install: %s\n' "$*" >&2; exit 1; }

# The library inside the pip wheel, which `coppice train` finds when .build/xgboost/bin is in PATH.
wheel() { compgen -G '.build/xgboost/lib/python*/site-packages/xgboost/lib/libxgboost.*'; }

# Whether the C compiler finds a header.
header() { echo "#include <$1>" | ${CC:-clang} -E - >/dev/null 2>&1; }

# The name of a thing for brew.
brewed() {
  case $1 in
    redis-server) echo redis ;;
    libbz2-dev) echo bzip2 ;;
    liblzma-dev) echo xz ;;
    libsqlite3-dev) echo sqlite3 ;;
    zlib1g-dev) echo zlib ;;
    python3-venv) echo python3 ;;
    faketime) echo libfaketime ;;
    *) echo "$1" ;;
  esac
}

present() {
  case $1 in
    libbz2-dev) header bzlib.h ;;
    libc6-dev-arm64-cross) [ -e /usr/aarch64-linux-gnu/lib/libc_nonshared.a ] ;;
    liblzma-dev) header lzma.h ;;
    libsqlite3-dev) header sqlite3.h ;;
    zlib1g-dev) header zlib.h ;;
    qemu-user) command -v qemu-aarch64 >/dev/null ;;
    python3-venv) python3 -c 'import ensurepip, venv' 2>/dev/null ;;
    xgboost)
      wheel >/dev/null ||
        { /sbin/ldconfig -p 2>/dev/null || true; } | grep -q 'libxgboost\.so' ||
        compgen -G '/opt/homebrew/lib/libxgboost.dylib' >/dev/null ||
        compgen -G '/usr/local/lib/libxgboost.*' >/dev/null
      ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

as_root() {
  [ "$(id -u)" = 0 ] || command -v sudo >/dev/null || die "neither root nor sudo here; to be run as root: $*"
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}
apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@"; }

apt_update_once() {
  [ -z "${updated:-}" ] || return 0
  say "apt-get update"
  apt update
  updated=1
}

install_with_apt() {
  local thing package
  for thing; do
    package=$thing
    apt_update_once
    if [ "$thing" = xgboost ]; then
      package=$(apt-cache search --names-only '^libxgboost[0-9]+$' | head -n 1 | cut -d' ' -f1)
      [ -n "$package" ] || { install_wheel; continue; }
    fi
    [ "$thing" != h2load ] || package=nghttp2-client
    say "apt-get install $package"
    apt install -y --no-install-recommends "$package" >/dev/null
    # The tests start a Redis of their own: the one that the package starts is not wanted.
    if [ "$thing" = redis-server ] && [ -d /run/systemd/system ]; then
      as_root systemctl disable --now redis-server
    fi
  done
}

install_wheel() {
  command -v python3 >/dev/null ||
    die "apt has no libxgboost here, and there is no python3 to get its wheel with"
  say "pip install xgboost-cpu (into .build/xgboost)"
  python3 -m venv .build/xgboost
  .build/xgboost/bin/pip -q install xgboost-cpu
  wheel >/dev/null || die "the wheel holds no library"
}

missing=()
for thing; do present "$thing" || missing+=("$thing"); done
[ ${#missing[@]} -gt 0 ] || { say "nothing is missing ($*)"; exit 0; }

if command -v apt-get >/dev/null; then
  install_with_apt "${missing[@]}"
elif command -v brew >/dev/null; then
  for thing in "${missing[@]}"; do
    say "brew install $(brewed "$thing")"
    brew install "$(brewed "$thing")"
  done
else
  die "neither apt-get nor brew here; please install by hand: ${missing[*]}"
fi
for thing in "${missing[@]}"; do present "$thing" || die "$thing is still missing"; done
