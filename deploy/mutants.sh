#!/bin/sh
# Builds the cores with one known bug each (services/order-manager/core/mutation.hpp) and demands that the
# simulation notices every one of them, after it has found nothing in the cores without.
#   SEEDS=n   how many seeds a mutant has to survive (40)
set -eu
tree=build/mutants
header=services/order-manager/core/mutation.hpp
seeds=${SEEDS:-40}
results=$tree/results
test="$tree/tests/simulation/simulation_test"

# "1 SendBeforeCommit", ...: the enumerators but None.
mutants=$(sed -n 's/^  \([A-Z][A-Za-z]*\) = \([1-9][0-9]*\),.*/\2 \1/p' "$header")
[ -n "$mutants" ] || { echo "mutants: no mutants found in $header" >&2; exit 1; }

build() {  # NUMBER: only what sees the mutation is compiled again
  [ ! -f "$tree/build.ninja" ] || cmake -DPOLYBOT_MUTANT="$1" "$tree" >"$tree/configure.log" 2>&1
  deploy/build.sh "$tree" "-DPOLYBOT_MUTANT=$1" simulation_test
}
run() {  # LOG
  POLYBOT_SIM_SEEDS=$seeds POLYBOT_SIM_STOP=1 "$test" >"$1" 2>&1 </dev/null
}

build 0
mkdir -p "$results"
echo "Running $seeds seeds without a mutation"
if ! run "$results/0.log"; then
  tail -30 "$results/0.log" >&2
  echo "mutants: the simulation fails without any mutation: $results/0.log" >&2
  exit 1
fi

survivors=0
table=
while read -r number name; do
  build "$number" </dev/null
  echo "Running mutant $number, $name"
  log=$results/$number.log
  if run "$log"; then
    verdict="SURVIVED $seeds seeds"
    survivors=$((survivors + 1))
  else
    verdict=$(grep -m 1 '^seed [0-9]' "$log" | cut -c 1-140 || true)
    # Ended by something else than a finding: that proves nothing.
    if [ -z "$verdict" ]; then
      verdict="ended without a finding: $log"
      survivors=$((survivors + 1))
    fi
  fi
  table="$table$(printf '  %-2s %-28s %s' "$number" "$name" "$verdict")
"
done <<EOF
$mutants
EOF

echo
echo "mutant                           caught by"
printf '%s' "$table"
if [ "$survivors" -gt 0 ]; then
  echo "mutants: $survivors not caught" >&2
  exit 1
fi
echo "every mutant is caught"
