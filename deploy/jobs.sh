#!/bin/sh
# Prints how many compilers may run at once: one a core, and each with 1.5 GB of the memory that this process may use,
# a container's limit included. The largest file takes 1.3 GB; a compiler that gets none is killed by the kernel.
#   ninja -j "$(deploy/jobs.sh)"
set -eu
kilobytes_a_job=1500000

cores=$(nproc)
memory=$(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo)

# lower_to BASE GROUP FILE: a limit holds for a group and all below it, and is in bytes; "max", or a number past any
# machine's, is none. Inside a container the group's own folder is the mounted one, and its path leads nowhere.
lower_to() {
  group=$2
  while :; do
    if [ -r "$1$group/$3" ]; then
      memory=$(awk -v most="$memory" '/^[0-9]+$/ { limit = $1 / 1024; if (limit < most) most = limit }
        END { printf "%d", most }' "$1$group/$3")
    fi
    [ -n "$group" ] || break
    group=${group%/*}
  done
}
groups=/proc/self/cgroup
[ -r $groups ] || groups=/dev/null
lower_to /sys/fs/cgroup "$(sed -n 's/^0:://p' $groups)" memory.max
lower_to /sys/fs/cgroup/memory "$(sed -n 's/^[0-9]*:memory://p' $groups)" memory.limit_in_bytes

jobs=$((memory / kilobytes_a_job))
[ "$jobs" -le "$cores" ] || jobs=$cores
[ "$jobs" -ge 1 ] || jobs=1
echo "$jobs"
