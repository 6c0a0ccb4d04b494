#!/bin/sh
# Prints the packages whose libraries the programs load, one a line: what an image that runs them needs, on any release
# of the distribution.
#   deploy/compose/libraries.sh PROGRAM...
set -eu
loaded=$(mktemp)
trap 'rm -f "$loaded"' EXIT
for program in "$@"; do
  ldd "$program" >>"$loaded" || { echo "libraries: $program is no program that loads libraries" >&2; exit 1; }
done
if grep 'not found' "$loaded" >&2; then
  echo "libraries: install the packages of the libraries above, and build again" >&2
  exit 1
fi
# A package may name /usr/lib where the loader names /lib: they are one folder.
packages=$(awk '$2 == "=>" { print "*" $3 }' "$loaded" | sort -u | xargs dpkg-query -S)
printf '%s\n' "$packages" | grep -v '^diversion ' | cut -d: -f1 | sort -u
