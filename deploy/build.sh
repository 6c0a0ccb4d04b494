#!/bin/sh
# Configures and builds a tree, with progress; quiet when nothing is to be done.
#   deploy/build.sh TREE "CMAKE OPTIONS" [TARGET...]     without a target it configures and stops
# The tests are configured when -DPOLYBOT_TESTS=ON is among the options, and stay so as long as their packages are
# there. A tree that was made elsewhere, by another version or compiler, or only half, is configured afresh.
set -eu
export LC_ALL=C.UTF-8  # the words of ninja and the compiler are looked for below
tree=$1 options=$2
shift 2

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

on_terminal=""
[ ! -t 1 ] || on_terminal=yes
interrupted=""
trap 'interrupted=yes' INT TERM HUP
stop_if_interrupted() {
  [ -n "$interrupted" ] || return 0
  [ -z "$on_terminal" ] || printf '\r\033[K'
  echo "Stopped while $1; the same command goes on from here." >&2
  exit 130
}

full_disk() {
  grep -q 'No space left on device' "$1" 2>/dev/null && return 0
  # The log of a full disk may be empty, so less than 10 MB free counts as full.
  for folder in "$tree" "${TMPDIR:-/tmp}"; do
    free=$(df -Pk "$folder" 2>/dev/null | awk 'NR == 2 { print $4 }')
    [ "${free:-10240}" -ge 10240 ] || return 0
  done
  return 1
}
say_full_disk() { fail "The disk of $tree is full: free 2 GB, then run the same command again; it goes on from here."; }

# --- Configure -----------------------------------------------------------------------------------------------------

tests=""
case " $options " in
  *" -DPOLYBOT_TESTS=ON "*)
    tests=ON
    options=$(printf ' %s ' "$options" | sed 's/ -DPOLYBOT_TESTS=ON / /; s/^ *//; s/ *$//') ;;
esac

# What the tree was configured for; written when configuring has succeeded, so that an unfinished tree has none.
record=$tree/configured-for
os_field() { sed -n "s/^$1=//p" /etc/os-release 2>/dev/null | tr -d '"\r'; }
compiler=${CXX:-c++}
identity="folder: $PWD
system: $(os_field ID) $(os_field VERSION_ID)
compiler: $compiler $("$compiler" -dumpfullversion -dumpversion 2>/dev/null || true)"
record_now() { printf '%s\noptions: %s\n' "$identity" "$options"; }

cached_tests() { sed -n 's/^POLYBOT_TESTS:BOOL=//p' "$tree/CMakeCache.txt" 2>/dev/null || true; }

run_cmake() {
  rm -f "$record"
  # shellcheck disable=SC2086  # the options are several words on purpose
  cmake "$@" -S . -B "$tree" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo $options \
    -DPOLYBOT_TESTS="${tests_now:-OFF}" >"$tree/configure.log" 2>&1 &&
    record_now >"$record" 2>/dev/null
}

# configure [--fresh]
configure() {
  mkdir -p "$tree" 2>/dev/null && [ -w "$tree" ] ||
    fail "Nothing can be written to $tree: free space there or get the right to, or set BUILD=folder."
  tests_now=${tests:-$(cached_tests)}
  run_cmake "$@" && return 0
  stop_if_interrupted configuring
  if full_disk "$tree/configure.log"; then say_full_disk; fi
  if [ -z "$tests" ] && [ "$tests_now" = ON ]; then
    echo "The tests' packages are gone; configuring the programs alone"
    tests_now=OFF
    run_cmake "$@" && return 0
  fi
  # The cache of an older checkout may hold unknown values.
  [ $# -gt 0 ] || { run_cmake --fresh && return 0; }
  stop_if_interrupted configuring
  if full_disk "$tree/configure.log"; then say_full_disk; fi
  sed -n '/^CMake Error/,/^$/p' "$tree/configure.log" | head -n 20 >&2
  fail "Configuring failed: mend what is said in $tree/configure.log, then run the same command again."
}

configure_afresh() {
  echo "Configuring $tree afresh: $1"
  configure --fresh
}

if [ ! -e "$tree/CMakeCache.txt" ] && [ ! -e "$tree/build.ninja" ]; then
  echo "Configuring $tree"
  configure
elif [ ! -f "$record" ] || [ ! -f "$tree/CMakeCache.txt" ] || [ ! -f "$tree/build.ninja" ]; then
  configure_afresh "another version made it, or made it only half"
elif [ "$(sed '/^options: /d' "$record")" != "$identity" ]; then
  configure_afresh "it was made in another folder, or with another compiler or system"
elif [ -n "$tests" ] && [ "$(cached_tests)" != ON ]; then
  echo "Configuring $tree with the tests"
  configure
elif [ "$(record_now)" != "$(cat "$record")" ]; then
  echo "Configuring $tree again"
  configure
fi

# --- Build ---------------------------------------------------------------------------------------------------------

# A dry run shows whether there is work, whether a CMakeLists.txt has changed, and whether build.ninja is whole.
stop_if_interrupted configuring
if ! plan=$(ninja -C "$tree" -n "${@:-build.ninja}" 2>&1); then
  stop_if_interrupted configuring
  configure_afresh "ninja cannot read it, or it lacks a target"
elif [ "${plan#*Re-running CMake}" != "$plan" ]; then
  echo "Configuring $tree again"
  configure
elif [ "${plan#*no work to do}" != "$plan" ]; then
  exit 0
fi
[ $# -gt 0 ] || exit 0

jobs=${JOBS:-$(deploy/jobs.sh)}
case $jobs in
  '' | 0* | *[!0-9]*) fail "JOBS=$jobs is no number of compile jobs: say it as in JOBS=2." ;;
esac
log=$tree/build.log

# Shows Ninja's lines as progress: one line that is rewritten on a terminal, elsewhere one every ten seconds. The
# compilers' output goes to the log, and from there to the screen when the build has ended.
show() {
  trap '' INT TERM HUP
  next_line=0
  while IFS= read -r line; do
    case $line in
      "["[0-9]*/[0-9]*" "[0-9]*"s] "*)
        if [ -n "$on_terminal" ]; then
          printf '\r\033[K%.79s' "  $line"
        else
          seconds=${line#* }
          seconds=${seconds%%[!0-9]*}
          [ "$seconds" -lt "$next_line" ] || { printf '  %.120s\n' "$line"; next_line=$((seconds + 10)); }
        fi ;;
      "ninja: "[!e]*) ;;
      *) printf '%s\n' "$line" 2>/dev/null >>"$log" || printf '%s\n' "$line" >&2 ;;
    esac
  done
  [ -z "$on_terminal" ] || printf '\r\033[K'
}

stop_if_interrupted configuring
[ -w "$tree" ] && { [ ! -e "$tree/.ninja_log" ] || [ -w "$tree/.ninja_log" ]; } ||
  fail "$tree belongs to another user: give it to yourself or remove it, or name another folder with BUILD=folder."
echo "Building $* in $tree with $jobs jobs"
export NINJA_STATUS="[%f/%t %es] "
started=$(date +%s)
rm -f "$log"
# Ninja's exit code comes back beside the pipe; it is missing after an interruption.
{
  result=$({ { ninja -C "$tree" -j "$jobs" "$@" 2>&1; echo $? >&3; } | show >&4; } 3>&1)
} 4>&1 || result=1
stop_if_interrupted building
if [ "${result:-1}" = 0 ]; then
  [ ! -s "$log" ] || cat "$log" >&2  # warnings
  echo "Built in $(($(date +%s) - started)) s"
  exit 0
fi
if full_disk "$log"; then say_full_disk; fi
if grep -q -E 'Killed signal|^Killed|: Killed|virtual memory exhausted|Cannot allocate memory' "$log" 2>/dev/null; then
  [ "$jobs" -gt 1 ] ||
    fail "A compiler ran out of memory with one job: give this machine 2 GB of memory or swap, then try again ($log)."
  fail "A compiler ran out of memory: run the same command again with JOBS=1; it goes on from here (details: $log)."
fi
[ ! -s "$log" ] || cat "$log" >&2
fail "Building failed: mend what is said above (also in $log), then run the same command again."
