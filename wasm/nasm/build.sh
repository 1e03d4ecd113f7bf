#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds nasm.wasm from Debian's source package of NASM; README.md tells how and why.
#
#   ./build.sh            fetch, build, put nasm.wasm and SHA256SUMS here
#   ./build.sh --check    build elsewhere and compare with the nasm.wasm that is here
#
# Environment: NASM_TARBALL = path of nasm_2.16.01.orig.tar.xz, instead of fetching it.
set -eu

VERSION=2.16.01
TARBALL=nasm_$VERSION.orig.tar.xz
TARBALL_SHA256=c77745f4802375efeee2ec5c0ad6b7f037ea9c87c92b149a9637ff099f162558

here=$(cd "$(dirname "$0")" && pwd)
cache=$here/../../.cache/nasm
work=$(mktemp -d "${TMPDIR:-/tmp}/nasm-wasm.XXXXXX")
trap 'rm -rf "$work"' EXIT
export LC_ALL=C TZ=UTC

for tool in clang wasm-ld llvm-ar llvm-ranlib llvm-strip make patch xz sha256sum; do
  command -v $tool >/dev/null || {
    echo "build.sh: $tool is missing. On Debian 12: apt-get install clang lld llvm make patch" \
      "xz-utils wasi-libc libclang-rt-dev-wasm32" >&2
    exit 1
  }
done

# Through apt with lists of our own, so that neither root nor a deb-src line is needed.
fetch_with_apt() {
  apt=$work/apt
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  echo 'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]' \
    'http://deb.debian.org/debian bookworm main' >"$apt/sources.list"
  set -- -q -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=- \
    -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache"
  apt-get "$@" update
  (cd "$apt" && apt-get "$@" source --download-only "nasm=$VERSION-1")
  mv "$apt/$TARBALL" "$cache/$TARBALL"
}

if [ -z "${NASM_TARBALL:-}" ]; then
  mkdir -p "$cache"
  NASM_TARBALL=$cache/$TARBALL
  [ -f "$NASM_TARBALL" ] || fetch_with_apt >&2
fi
echo "$TARBALL_SHA256  $NASM_TARBALL" | sha256sum --check --quiet

tar -xJf "$NASM_TARBALL" -C "$work"
cd "$work/nasm-$VERSION"
patch -s -p1 <"$here/glass-debug-format.patch"
patch -s -p1 <"$here/replay.patch"
cp "$here/replay.c" "$here/replay.h" asm/

# The reproducible part: __DATE__ becomes the version (a macro of NASM's own that is a string, so
# that nothing needs quoting), no directory of this build, no debug or name sections.
# 256 MiB of memory and 1 MiB of stack: a runaway source ends in NASM's own "out of memory".
flags="-O3 -Wno-builtin-macro-redefined -D__DATE__=NASM_VER -ffile-prefix-map=$work=."
./configure --host=wasm32-wasi \
  CC='clang --target=wasm32-wasi' AR=llvm-ar RANLIB=llvm-ranlib CFLAGS="$flags" \
  LDFLAGS='-Wl,--max-memory=268435456 -Wl,-z,stack-size=1048576 -Wl,--strip-all' \
  >"$work/log" 2>&1 || { tail -30 "$work/log" >&2; exit 1; }
# Optimised as one program, but for the allocator: the compiler must not take it for the library's.
clang --target=wasm32-wasi $flags -fno-builtin -c "$here/pool.c" -o pool.o
make nasm CC='clang --target=wasm32-wasi -flto' LIBS=pool.o >>"$work/log" 2>&1 ||
  { tail -30 "$work/log" >&2; exit 1; }
llvm-strip nasm -o nasm.wasm

if [ "${1:-}" = --check ]; then
  cmp nasm.wasm "$here/nasm.wasm" || { echo 'build.sh: nasm.wasm differs from this build' >&2; exit 1; }
  echo "nasm.wasm is what this recipe makes ($(wc -c <nasm.wasm) bytes)"
else
  install -m 644 LICENSE nasm.wasm "$here"
  (cd "$here" && sha256sum nasm.wasm >SHA256SUMS && cat SHA256SUMS)
fi
