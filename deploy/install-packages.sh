#!/bin/sh
# Installs the distribution's packages that a step needs and that are missing; says what it does and how far it is.
#   deploy/install-packages.sh GROUP...     (the groups are below)
# Knows Debian 12, Debian 13 and Ubuntu 24.04; anywhere else it changes nothing. Every failure ends with one sentence
# that says what to do, names the log, and can be followed by another try.
set -eu

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# --- Which system is this? -----------------------------------------------------------------------------------------

os_release=${POLYBOT_OS_RELEASE:-/etc/os-release}  # the tests play other systems
os_field() { sed -n "s/^$1=//p" "$os_release" 2>/dev/null | head -n 1 | tr -d "\"'\r"; }

kernel=$(uname -s)
case $kernel:$(os_field ID):$(os_field VERSION_ID) in
  Linux:debian:12) system="Debian 12" boost=1.81 clang=14 ;;
  Linux:debian:13) system="Debian 13" boost=1.83 clang=19 ;;
  Linux:ubuntu:24.04) system="Ubuntu 24.04" boost=1.83 clang=18 ;;
  *)
    name=$(os_field PRETTY_NAME)
    [ "$kernel" != Darwin ] || name=macOS
    fail "This is ${name:-$kernel}, and PolyBot builds on Debian 12, Debian 13 and Ubuntu 24.04 only: start it in" \
         "containers with \`docker compose up\`."
    ;;
esac

# --- What does each step need? --------------------------------------------------------------------------------------

build="g++ cmake ninja-build ccache pkg-config protobuf-compiler libprotobuf-dev libboost$boost-dev
  libboost-json$boost-dev libboost-url$boost-dev libnng-dev prometheus-cpp-dev libspdlog-dev libfmt-dev libcli11-dev
  libtomlplusplus-dev libsqlite3-dev libssl-dev libsecp256k1-dev libcrypto++-dev libzstd-dev zlib1g-dev ca-certificates"
test="libgtest-dev libgmock-dev libbenchmark-dev libsimdjson-dev libyaml-cpp-dev prometheus
  prometheus-alertmanager python3 python3-yaml curl"
fuzz="clang libclang-rt-$clang-dev"
bench="nginx-light python3"
lint="clang-format clang-tidy git python3"
compose="python3 python3-yaml"
conformance="python3 python3-pip"
doors="nginx-light openssl python3"
image="python3 debsecan"
e2e="python3 openssl"
paper="python3 openssl faketime"
chaos="python3 openssl iproute2 iptables"
bare="python3 git debootstrap"
package="dpkg-dev file"
packagetest="lintian debootstrap systemd-container python3"
known="build test fuzz bench conformance doors lint compose image e2e paper chaos bare package packagetest"

groups=${*:-build}
for group in $groups; do
  case " $known " in
    *" $group "*) ;;
    *) fail "install-packages: there is no group '$group' ($known)." ;;
  esac
done

# --- How it installs ------------------------------------------------------------------------------------------------

missing=""
on_terminal=""
[ ! -t 1 ] || on_terminal=yes

# Runs a command as root, or through sudo: without questions, in the language whose words are searched below.
as_root() {
  $sudo env LC_ALL=C DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 "$@"
}

find_sudo() {
  sudo=""
  [ "$(id -u)" != 0 ] || return 0
  by_root="run \`$0 $groups\` as root, then the same command again"
  command -v sudo >/dev/null 2>&1 || fail "Packages are missing and there is no sudo: $by_root (missing:$missing)."
  sudo=sudo
  sudo -n true 2>/dev/null && return 0
  [ -t 0 ] && [ -t 2 ] ||
    fail "Packages are missing and sudo asks for a password, which nobody can type here: $by_root (missing:$missing)."
  echo "Packages are missing; sudo asks for your password to install them."
  sudo -v || fail "sudo does not let you install packages: $by_root (missing:$missing)."
}

# A service that a package brings (prometheus, nginx) must not start by itself: builds only need the files. The policy
# holds for the life of this script, however it ends: one left behind by kill -9 forbids nothing and is replaced.
policy=/usr/sbin/policy-rc.d
policy_mark="Written by PolyBot's install-packages.sh"
made_policy=""
forbid_services() {
  [ ! -e $policy ] || grep -q "$policy_mark" $policy 2>/dev/null || return 0
  made_policy=yes
  printf '#!/bin/sh\n# %s: no service starts while it installs.\n[ ! -d /proc/%s ] || exit 101\n' \
    "$policy_mark" "$$" | $sudo tee $policy >/dev/null 2>>"$log" && $sudo chmod 755 $policy
}

log=""
start_log() {
  [ -z "$log" ] || return 0
  log=$(mktemp "${TMPDIR:-/tmp}/polybot-packages.XXXXXX" 2>/dev/null) ||
    fail "Nothing can be written below ${TMPDIR:-/tmp}: free space there, or name another folder with TMPDIR=folder."
  started=$(date +%s)
  trap '[ -z "$made_policy" ] || $sudo rm -f $policy' EXIT
  trap stop_when_asked INT TERM HUP
}
# A shell that has just been forked still takes a TERM for its parent's, and loses it.
end_ticker() {
  [ -n "${ticker:-}" ] || return 0
  kill -KILL "$ticker" 2>/dev/null || true
  wait "$ticker" 2>/dev/null || true
  ticker=""
}
stop_when_asked() {
  end_ticker
  [ -z "$on_terminal" ] || printf '\r\033[K'
  rm -f "$log"
  echo "Stopped while installing packages; the same command goes on from here." >&2
  exit 130
}

said() { grep -q -E "$1" "$log" 2>/dev/null; }
count() { grep -c "$1" "$log" 2>/dev/null || true; }
megabytes_fetched() {
  sed -n 's/^Get:.* \[\([0-9.,]*\) \([kM]\{0,1\}B\)\]$/\1 \2/p' "$log" 2>/dev/null | tr -d , |
    awk '{ sum += $1 * ($2 == "MB" ? 1 : $2 == "kB" ? 0.001 : 0.000001) } END { printf "%.0f", sum }'
}

# One line that is rewritten on a terminal; elsewhere a line every ten seconds.
next_line=10
tell_progress() {
  case $1 in
    lists) progress="reading the package lists" ;;
    plan) progress="working out what to install" ;;
    download) progress="downloaded $(count '^Get:') of $total packages, $(megabytes_fetched) of $megabytes MB" ;;
    unpack) progress="unpacked $(count '^Unpacking '), set up $(count '^Setting up ') of $total packages" ;;
  esac
  seconds=$(($(date +%s) - started))
  if [ -n "$on_terminal" ]; then
    printf '\r\033[K%.79s' "  $progress, $seconds s"
  elif [ "$seconds" -ge "$next_line" ]; then
    echo "  $progress, $seconds s"
  fi
  # The next line comes on the next full ten seconds of the whole installation.
  [ "$seconds" -lt "$next_line" ] || next_line=$((seconds / 10 * 10 + 10))
}

# with_progress STAGE COMMAND...: as root, with its output in the log.
with_progress() {
  stage=$1
  shift
  result=0
  : >"$log"
  if [ "$stage" = unpack ]; then
    # Ctrl-C does not interrupt a change of the installed system: that would leave dpkg half done.
    trap 'echo "Finishing the installation that has begun; then it stops." >&2; stop_after=yes' INT TERM HUP
    (trap '' INT TERM HUP; as_root "$@" >>"$log" 2>&1 </dev/null) &
    running=$!
    while kill -0 "$running" 2>/dev/null; do
      tell_progress "$stage"
      sleep 1 || true  # Ctrl-C ends the pause alone
    done
    wait "$running" || result=$?
    trap stop_when_asked INT TERM HUP
    [ -z "${stop_after:-}" ] || stop_when_asked
  else
    (while sleep 1 >/dev/null 2>&1; do tell_progress "$stage"; done) &
    ticker=$!
    (as_root "$@") >>"$log" 2>&1 </dev/null || result=$?
    end_ticker
    seconds=$(($(date +%s) - started))
    [ "$seconds" -lt "$next_line" ] || next_line=$((seconds / 10 * 10 + 10))
  fi
  [ -z "$on_terminal" ] || printf '\r\033[K'
  return "$result"
}

# apt's own wait for a lock is silent. A machine that has just started updates its package lists by itself: this script
# waits for that, up to five minutes.
run_patiently() {
  patience=60
  until with_progress "$@"; do
    said 'Could not get lock|Unable to acquire the dpkg' && [ "$patience" -gt 0 ] || return 1
    [ "$patience" -ne 60 ] || echo "Another package manager is at work on this machine; waiting for it to end."
    patience=$((patience - 1))
    sleep 5
  done
}

apt_options="-q --no-install-recommends -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20
  -o Acquire::Retries=2 -o Dpkg::Options::=--force-confold"
# shellcheck disable=SC2086  # the options are several words on purpose
apt_get() {
  stage=$1
  shift
  run_patiently "$stage" apt-get $apt_options "$@"
}

# Lists that cannot be renewed may be good enough: a package that they lack is reported later.
update_lists() {
  [ -z "${updated:-}" ] || return 0
  updated=yes
  apt_get lists update || true
  if full_disk; then explain; fi
  list_trouble=$(grep -E '^(W|E|Err)' "$log" || true)
}

full_disk() {
  said 'No space left on device|enough free space' && return 0
  # The log of a full disk may be empty, so less than 10 MB free counts as full.
  for folder in /usr /var/cache/apt/archives /var/lib/dpkg "${TMPDIR:-/tmp}"; do
    free=$(df -Pk "$folder" 2>/dev/null | awk 'NR == 2 { print $4 }')
    [ "${free:-10240}" -ge 10240 ] || return 0
  done
  return 1
}

# Ends with one sentence for each thing that goes wrong on other people's machines.
explain() {
  again="then run the same command again"
  [ ! -s "$log" ] || again="$again (details: $log)"
  as="${sudo:+sudo }"
  if full_disk; then
    fail "The disk is full: free ${needed:-2 GB} (\`${as}apt-get clean\` may help), $again."
  elif said 'held broken packages|Held packages were changed'; then
    held=$(apt-mark showhold 2>/dev/null | tr '\n' ' ')
    [ -n "${held% }" ] ||
      fail "What is installed here and what $system has do not go together, often because of foreign package" \
           "sources: remove or update what the log names, $again."
    fail "Packages on hold stand in the way: release them with \`${as}apt-mark unhold ${held% }\`, $again."
  elif said 'Temporary failure|Could not (resolve|connect)|Cannot initiate|Failed to fetch|unreachable|timed out'; then
    fail "The package source of this machine cannot be reached: connect it to its network (or set apt's proxy), $again."
  elif said 'Could not get lock|Unable to acquire'; then
    fail "Another package manager has been at work for more than five minutes: let it end, $again."
  elif said 'Unable to locate package|has no installation candidate'; then
    absent=$(sed -n -e 's/^E: Unable to locate package //p' -e "s/^E: Package '\(.*\)' has no inst.*/\1/p" "$log" |
      sort -u | tr '\n' ' ')
    universe=""
    case $system in Ubuntu*) universe=" (\`${as}add-apt-repository universe\`)" ;; esac
    fail "The package source of this machine has no ${absent% }: enable all of $system$universe, $again."
  elif said 'Read-only file system'; then
    fail "The system's folders are read-only here: start PolyBot in containers with \`docker compose up\`."
  elif said 'dpkg was interrupted|fix-broken|error processing'; then
    fail "The installed packages are in disorder: mend them with \`${as}dpkg --configure -a\` and" \
         "\`${as}apt-get -f install\`, $again."
  fi
  fail "apt-get failed: mend what its last lines say, $again."
}

# --- What is missing? -----------------------------------------------------------------------------------------------

wanted=""
for group in $groups; do
  eval "wanted=\"\$wanted \$$group\""  # each known group is a variable above
done

# shellcheck disable=SC2086  # the packages are several words on purpose
installed=" $(dpkg-query -W -f='${Package}:${db:Status-Status}\n' $wanted 2>/dev/null |
  sed -n 's/:installed$//p' | tr '\n' ' ') "
for package in $wanted; do
  case "$installed$missing " in *" $package "*) ;; *) missing="$missing $package" ;; esac
done
if [ -z "$missing" ]; then
  [ -z "$log" ] || rm -f "$log"
  exit 0
fi

# --- Install it -----------------------------------------------------------------------------------------------------

find_sudo
start_log
echo "Installing missing packages from $system:$missing"
update_lists

# What apt would do, before it does it.
plan() {
  printf '%s\n' "$list_trouble" >"$log"
  # shellcheck disable=SC2086
  LC_ALL=C apt-get $apt_options -s install $missing >>"$log" 2>&1
}
if ! plan; then
  said 'held broken' && explain
  said 'dpkg was interrupted|fix-broken|Unmet dependencies|unmet dependencies' || explain
  finish_earlier=yes
elif [ -n "$(dpkg --audit 2>/dev/null)" ]; then
  finish_earlier=yes
fi
if [ -n "${finish_earlier:-}" ]; then
  echo "An earlier installation of packages was cut short; finishing it first."
  forbid_services || explain
  total="those"
  run_patiently unpack dpkg --configure -a || true
  apt_get unpack -y --no-remove -f install || explain
  plan || explain
fi
total=$(count '^Inst ')
removed=$(sed -n 's/^Remv \([^ ]*\) .*/\1/p' "$log" | tr '\n' ' ')
others=$(printf '%s' "$removed" | tr ' ' '\n' | grep -v -E '^libboost-?[a-z0-9.-]*-dev$' | tr '\n' ' ' || true)
if [ -n "${others% }" ]; then
  rm -f "$log"
  fail "Installing would remove packages that you may need (${others% }), so nothing was changed: if you agree, run" \
       "\`${sudo:+sudo }apt-get install$missing\`, otherwise start PolyBot in containers with \`docker compose up\`."
fi
# Headers of two Boost versions cannot be installed beside each other.
[ -z "$removed" ] || echo "Boost $boost's headers replace those of another version: ${removed% }"

# apt's own words: "Need to get 84.2 MB/120 MB of archives", "After this operation, 1,023 MB of additional disk space".
# shellcheck disable=SC2086
apt_get plan --assume-no install $missing || true
megabytes=$(sed -n 's/^Need to get \([0-9.,]*\) MB.*/\1/p' "$log" | sed 's/[.].*//')
megabytes=${megabytes:-0}
needed=$(sed -n 's/^After this operation, \([0-9.,]* [kMG]B\) of additional.*/\1/p' "$log")
echo "  $total packages, $megabytes MB to download${needed:+, $needed on the disk}"
# shellcheck disable=SC2086
apt_get download -y --download-only install $missing || explain
forbid_services || explain
# shellcheck disable=SC2086
apt_get unpack -y install $missing || explain
rm -f "$log"
echo "Packages are installed ($total in $(($(date +%s) - started)) s)."
