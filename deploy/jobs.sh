#!/bin/sh
# Prints how many compile jobs this machine bears: one per processor, and one per 1.5 GB of the memory that is free to
# take, because a compiler that runs out of memory is killed. A container's own limit counts too. At least one.
#   deploy/jobs.sh [ROOT]     reads ROOT/proc and ROOT/sys instead of this machine's
set -eu
root=${1:-}
mb_per_job=1500

# In megabytes, the smaller of the former value and so many bytes; a cgroup without a limit says "max" or 2^63.
at_most() {
  case $1 in
    '' | *[!0-9]*) ;;
    *) limit=$(($1 / 1000000)); [ "$limit" -ge "$mb" ] || [ "$limit" -le 0 ] || mb=$limit ;;
  esac
}

# The smallest limit of a cgroup and those above it: $1 is the hierarchy, $2 the cgroup, $3 the limit's file.
at_most_in() {
  folder=$2
  while :; do
    at_most "$(cat "$1$folder/$3" 2>/dev/null || true)"
    case $folder in '' | /) break ;; esac
    folder=${folder%/*}
  done
}

processors=$(nproc 2>/dev/null || echo 1)
mb=$((processors * mb_per_job))
kib=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' "$root/proc/meminfo" 2>/dev/null || true)
at_most "${kib:+$((kib * 1024))}"

cgroups=$(cat "$root/proc/self/cgroup" 2>/dev/null || true)
v2=$(printf '%s\n' "$cgroups" | sed -n 's/^0:://p')
v1=$(printf '%s\n' "$cgroups" | sed -n 's/^[0-9]*:\([^:]*,\)\{0,1\}memory\(,[^:]*\)\{0,1\}://p')
at_most_in "$root/sys/fs/cgroup" "$v2" memory.max
at_most_in "$root/sys/fs/cgroup/memory" "$v1" memory.limit_in_bytes

jobs=$((mb / mb_per_job))
[ "$jobs" -ge 1 ] || jobs=1
echo "$jobs"
