#!/bin/sh
# Activates the known bugs of the cores (common/domain/mutation.hpp) one by one and demands that the simulation notices
# each of them, in a seed that holds without it.
#   SEEDS=n          how many seeds a mutant has to survive (300, as many as `make test` runs)
#   MUTANTS='8 11'   these alone
set -eu
tree=${BUILD_FOLDER:-build}/mutants
header=common/domain/mutation.hpp
seeds=${SEEDS:-300}
results=$tree/results
test="$tree/tests/simulation/simulation_test"

# "1 SendBeforeCommit", ...: the enumerators but None.
mutants=$(sed -n 's/^  \([A-Z][A-Za-z]*\) = \([1-9][0-9]*\),.*/\2 \1/p' "$header")
[ -n "$mutants" ] || { echo "mutants: no mutants found in $header" >&2; exit 1; }

deploy/build.sh "$tree" "-DPOLYBOT_TESTS=ON -DPOLYBOT_MUTANTS=ON" simulation_test
mkdir -p "$results"

survivors=0
table=
caught_in=
while read -r number name; do
  case " ${MUTANTS:-$number} " in *" $number "*) ;; *) continue ;; esac
  echo "Running mutant $number, $name"
  log=$results/$number.log
  if POLYBOT_MUTANT=$number POLYBOT_SIM_SEEDS=$seeds POLYBOT_SIM_STOP=1 "$test" >"$log" 2>&1 \
       </dev/null; then
    verdict="SURVIVED $seeds seeds"
    survivors=$((survivors + 1))
  else
    verdict=$(grep -m 1 '^seed [0-9]' "$log" | cut -c 1-140 || true)
    # The run ended in another way than by a finding: that proves nothing.
    if [ -z "$verdict" ]; then
      verdict="ended without a finding: $log"
      survivors=$((survivors + 1))
    else
      caught_in="$caught_in $(echo "$verdict" | sed 's/^seed \([0-9]*\).*/\1/')"
    fi
  fi
  table="$table$(printf '  %-2s %-28s %s' "$number" "$name" "$verdict")
"
done <<EOF
$mutants
EOF

[ -n "$table" ] || { echo "mutants: there is none of the number $MUTANTS" >&2; exit 2; }

for seed in $(echo "$caught_in" | tr ' ' '\n' | sort -nu); do
  echo "Running seed $seed without a mutation"
  if ! POLYBOT_SIM_SEED=$seed "$test" >"$results/seed-$seed.log" 2>&1 </dev/null; then
    tail -30 "$results/seed-$seed.log" >&2
    echo "mutants: seed $seed fails without any mutation: $results/seed-$seed.log" >&2
    exit 1
  fi
done

echo
echo "mutant                           caught by"
printf '%s' "$table"
if [ "$survivors" -gt 0 ]; then
  echo "mutants: $survivors not caught" >&2
  exit 1
fi
echo "every mutant is caught"
