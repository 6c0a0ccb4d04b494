#!/bin/sh
# Says before anything is built when DATA (by default a folder in data/) cannot be made or written, and when MODE,
# CONFIG or RECORDING name what is not there. The launcher checks them and the rest again.
set -eu
fail() {
  printf '%s\n' "make run: $*" >&2
  exit 1
}
case ${MODE:-sim} in
  sim) ;;
  *) fail "MODE=$MODE is not part of this version; MODE=sim trades on the built-in venue." ;;
esac
[ -z "${CONFIG:-}" ] || [ -d "$CONFIG" ] || fail "CONFIG: there is no folder $CONFIG."
[ -z "${RECORDING:-}" ] || [ -f "$RECORDING" ] || fail "RECORDING: there is no file $RECORDING."
data=${DATA:-data/sim}
# The folder itself, or the nearest one above it that is there.
present=$data
while [ ! -e "$present" ] && [ ! -L "$present" ]; do present=$(dirname -- "$present"); done
[ "$present" != . ] || present=$PWD
if [ ! -d "$present" ]; then
  why="$present is no folder"
elif [ ! -w "$present" ]; then
  why="$present cannot be written"
else
  exit 0
fi
fail "$why: name another folder for the data with DATA=folder."
