#!/bin/sh
# Runs every benchmark program; each prints its figures beside the references it measured in the same run.
set -eu
tree=$1
for program in "$tree"/bench/*; do
  [ -x "$program" ] && [ -f "$program" ] || continue
  [ "$(basename "$program")" != metrics_load ] || continue  # a part of aggregator_size
  echo "== $(basename "$program")"
  "$program" --benchmark_counters_tabular=true 2>/dev/null
done
echo "== the aggregator at size"
/usr/bin/python3 -B -m tests.bench.aggregator_size "$tree"
echo "== tick to order"
/usr/bin/python3 -B -m tests.bench.tick_to_order "$tree"
