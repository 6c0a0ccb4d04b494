#!/bin/sh
# Prints the folder that holds the build trees; run from the top of the source tree.
#   deploy/build-folder.sh WANTED [quiet]
# That is WANTED, or when it is empty build/, or in a source tree that cannot be written a folder of its own in the
# user's cache, which is said on standard error unless "quiet". Exit code 1: it prints why nothing can be built here.
set -eu
wanted=${1:-} quiet=${2:-}
here=$(pwd -P)

# refuse_characters PATH WHOSE: refuses characters that CMake or Ninja read as something other than a part of a path.
refuse_characters() {
  case $1 in
    *[\"\#:\;\*\?\[\]\\\<\>\|]* | *\$\{* | *'
'*) ;;
    *) return 0 ;;
  esac
  # shellcheck disable=SC2016  # no expansion is meant
  echo "$2 holds a character that CMake or Ninja cannot have there (\" # : ; * ? [ ] \\ < > | \${ or a line break):" \
    "$3"
  exit 1
}

refuse_characters "$here" "The path of this folder" "move it to another path, then run the same command again"
if [ -n "$wanted" ]; then
  refuse_characters "$wanted" "The path in BUILD" "name another folder with BUILD=folder"
  folder=$wanted
elif [ -w build ] || { [ ! -e build ] && [ -w . ]; }; then
  folder=build
else
  case ${XDG_CACHE_HOME:-} in
    /*) cache=$XDG_CACHE_HOME ;;
    *) cache=${HOME:+$HOME/.cache} ;;  # a relative one counts as none
  esac
  [ -n "$cache" ] || {
    echo "This folder cannot be written, and neither HOME nor XDG_CACHE_HOME says where else to build: name a folder" \
      "with BUILD=folder"
    exit 1
  }
  # The name is for people; the sum tells folders of one name apart.
  name=$(basename "$here" | LC_ALL=C tr -c 'A-Za-z0-9._\n-' '_' | cut -c 1-40)
  folder=$cache/polybot/$name-$(printf '%s' "$here" | sha256sum | cut -c 1-12)
  refuse_characters "$folder" "The path of your cache, $folder," "name another folder with BUILD=folder"
  [ -n "$quiet" ] ||
    echo "This folder cannot be written; the build trees are in $folder (BUILD=folder names another)" >&2
fi
printf '%s\n' "$folder"
