#!/bin/sh
# Installs the distribution's packages that a build needs and that are missing; says what it does.
#   deploy/install-packages.sh [build] [test] [fuzz] [bench] [lint] [runtime] [compose] [e2e]
set -eu

build="g++ cmake ninja-build ccache pkg-config protobuf-compiler libprotobuf-dev libboost1.81-dev
  libboost-json1.81-dev libboost-url1.81-dev libnng-dev prometheus-cpp-dev libspdlog-dev libfmt-dev
  libsqlite3-dev libssl-dev libsecp256k1-dev libcrypto++-dev libtomlplusplus-dev libcli11-dev
  libzstd-dev zlib1g-dev ca-certificates"
test="libgtest-dev libgmock-dev libbenchmark-dev libyaml-cpp-dev prometheus prometheus-alertmanager"
fuzz="clang libclang-rt-14-dev"
bench="nginx-light python3"
lint="clang-format clang-tidy"
# What the programs need to run, and curl for the healthcheck: the whole content of the runtime image.
runtime="libboost-json1.81.0 libboost-url1.81.0 libnng1 libprotobuf32 libprometheus-cpp-core1.0
  libspdlog1.10 libfmt9 libtomlplusplus3 libsqlite3-0 libssl3 libsecp256k1-1 libcrypto++8 libzstd1
  zlib1g ca-certificates curl"
compose="python3 python3-yaml"
e2e="python3"

wanted=""
[ $# -gt 0 ] || set -- build
for group in "$@"; do
  case $group in
    build) wanted="$wanted $build" ;;
    test) wanted="$wanted $test" ;;
    fuzz) wanted="$wanted $fuzz" ;;
    bench) wanted="$wanted $bench" ;;
    lint) wanted="$wanted $lint" ;;
    runtime) wanted="$wanted $runtime" ;;
    compose) wanted="$wanted $compose" ;;
    e2e) wanted="$wanted $e2e" ;;
    *) echo "install-packages: no group called '$group' (build test fuzz bench lint runtime compose e2e)" >&2
       exit 1 ;;
  esac
done

missing=""
for package in $wanted; do
  state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

command -v apt-get >/dev/null 2>&1 || {
  echo "install-packages: these packages are missing and there is no apt-get here:$missing" >&2
  exit 1
}
sudo=""
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null 2>&1 || {
    echo "install-packages: run as root, or install sudo; missing:$missing" >&2
    exit 1
  }
  sudo=sudo
fi
echo "Installing missing packages from the distribution:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# A service that a package brings (prometheus, nginx) must not start by itself: builds only need the files.
policy=/usr/sbin/policy-rc.d
made_policy=""
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
  $sudo chmod 755 $policy
  made_policy=yes
fi
finish() { [ -z "$made_policy" ] || $sudo rm -f $policy; rm -f "$log"; }
trap finish EXIT
# LC_ALL=C: the words about a held lock are looked for below.
install_missing() {
  # shellcheck disable=SC2086  # the packages are several words on purpose
  { $sudo env LC_ALL=C apt-get update && $sudo env LC_ALL=C DEBIAN_FRONTEND=noninteractive \
      apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1
}
# A machine that has just started updates its package lists by itself: that is waited for, up to five minutes.
patience=60
until install_missing; do
  if ! grep -q 'Could not get lock' "$log" || [ "$patience" -eq 0 ]; then
    tail -20 "$log" >&2
    echo "install-packages: apt-get failed (its last lines are above)" >&2
    exit 1
  fi
  [ "$patience" -ne 60 ] || echo "Another package manager is at work on this machine; waiting for it to end."
  patience=$((patience - 1))
  sleep 5
done
echo "Packages are installed."
