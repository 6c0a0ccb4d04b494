#!/bin/sh
# Says before anything is built when DATA (by default a folder in data/) cannot be made or written.
set -eu
data=${DATA:-data/sim}
# The folder itself, or the nearest one above it that is there.
present=$data
while [ ! -e "$present" ]; do present=$(dirname -- "$present"); done
[ "$present" != . ] || present=$PWD
if [ ! -d "$present" ]; then
  why="$present is no folder"
elif [ ! -w "$present" ]; then
  why="$present cannot be written"
else
  exit 0
fi
printf '%s\n' "make run: $why: name another folder for the data with DATA=folder." >&2
exit 1
