#!/bin/sh
# Configures and builds a tree, with progress; quiet when nothing is to be done.
#   deploy/build.sh TREE "CMAKE OPTIONS" TARGET...
set -eu
tree=$1 options=$2
shift 2
if [ ! -f "$tree/build.ninja" ]; then
  echo "Configuring $tree"
  mkdir -p "$tree"
  # shellcheck disable=SC2086  # the options are several words on purpose
  cmake -S . -B "$tree" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo $options >"$tree/configure.log" 2>&1 || {
    tail -30 "$tree/configure.log" >&2
    echo "build: configuring failed; the whole output is in $tree/configure.log" >&2
    exit 1
  }
fi
# Ninja's own status line is the progress bar; the first build takes minutes, later ones seconds.
export NINJA_STATUS="[%f/%t %es] "
if ninja -C "$tree" -n "$@" 2>/dev/null | grep -q 'no work to do'; then
  exit 0
fi
echo "Building $* in $tree"
if [ -t 1 ]; then
  ninja -C "$tree" -j "${JOBS:-$(nproc)}" "$@"
else
  # In a log one line per 20 steps is progress enough; compiler messages pass unchanged.
  status=$(mktemp)
  { ninja -C "$tree" -j "${JOBS:-$(nproc)}" "$@" && echo 0 >"$status" || echo 1 >"$status"; } |
    awk '/^\[[0-9]+\/[0-9]+ /{ if (++n % 20 == 1) { print; fflush() } next } { print; fflush() }'
  result=$(cat "$status"); rm -f "$status"
  exit "$result"
fi
