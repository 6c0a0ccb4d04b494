#!/bin/sh
# Runs every ctest of a build tree and prints one summary.
set -u
tree=$1
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_stack_use_after_return=1}"
ctest --test-dir "$tree" --output-on-failure -j "${JOBS:-$(nproc)}" --no-tests=error
