#!/bin/sh
# Builds the fuzz targets with clang and runs each for the given number of seconds.
set -eu
seconds=$1
tree=${BUILD_FOLDER:-build}/fuzz
CC=clang CXX=clang++ deploy/build.sh "$tree" '-DPOLYBOT_FUZZ=ON -DPOLYBOT_TESTS=ON -DPOLYBOT_SANITIZE=ON' fuzzers
failed=""
for target in "$tree"/fuzz/*; do
  [ -x "$target" ] && [ -f "$target" ] || continue
  name=$(basename "$target")
  corpus=$tree/corpus/$name
  mkdir -p "$corpus"
  echo "fuzz: $name for $seconds s"
  if ! "$target" -max_total_time="$seconds" -max_len=65536 -timeout=5 -rss_limit_mb=2048 \
       -artifact_prefix="$tree/$name-" -print_final_stats=1 "$corpus" >"$tree/$name.log" 2>&1; then
    tail -20 "$tree/$name.log"
    failed="$failed $name"
  else
    grep -E 'number_of_executed_units|peak_rss_mb' "$tree/$name.log" | sed "s/^/  /"
  fi
done
[ -z "$failed" ] || { echo "fuzz: failed:$failed" >&2; exit 1; }
echo "fuzz: clean"
