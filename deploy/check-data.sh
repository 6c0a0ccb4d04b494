#!/bin/sh
# Checks before the build whether DATA (by default a folder in data/) can be made and written, whether MODE, CONFIG and
# RECORDING name something that exists, and whether RECORDING is plainly no recording. The launcher checks them and the
# rest again, and the simulated venue reads the recording.
set -eu
fail() {
  printf '%s\n' "make run: $*" >&2
  exit 1
}
case ${MODE:-sim} in
  sim | paper) ;;
  *)
    fail "MODE=$MODE is not part of this version; MODE=paper watches real markets, and MODE=sim trades on the" \
      "built-in venue."
    ;;
esac
[ -z "${CONFIG:-}" ] || [ -d "$CONFIG" ] || fail "CONFIG: there is no folder $CONFIG."
case ${EDGE:-1} in 0 | 1) ;; *) fail "EDGE must be 0 or 1, not '$EDGE'." ;; esac
# The first lines of a plain recording decide: as many as common/recording/reader.cpp allows before the first
# frame, and 32 MiB at most, as there. Of a compressed one its first four bytes decide: a frame of zstd begins with
# 28b52ffd, one to be skipped with 50 to 5f and 2a4d18.
holds_frames() {
  case $RECORDING in
    *.zst)
      case $(head -c 4 -- "$RECORDING" | od -An -tx1 | tr -d ' ') in
        28b52ffd | 5?2a4d18) ;;
        *) return 1 ;;
      esac
      ;;
    *) head -n 1000 -- "$RECORDING" | head -c 67108864 | LC_ALL=C grep -a -q '"ts_ms".*"raw"\|"raw".*"ts_ms"' ;;
  esac
}
if [ -n "${RECORDING:-}" ]; then
  [ -f "$RECORDING" ] || fail "RECORDING: there is no file $RECORDING."
  [ -r "$RECORDING" ] || fail "RECORDING: $RECORDING cannot be read."
  holds_frames ||
    fail "RECORDING: $RECORDING is no recording: a line is {\"ts_ms\": time, \"raw\": frame} (.jsonl, or .jsonl.zst)."
elif [ -n "${SPEED:-}" ]; then
  fail "SPEED goes with RECORDING=file."
fi
data=${DATA:-data/${MODE:-sim}}
# The folder itself, or the nearest existing one above it.
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
