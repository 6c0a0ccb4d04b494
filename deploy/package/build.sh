#!/bin/sh
# Makes the .deb of the programs in a build tree, for the system that this runs on; prints where it is.
#   deploy/package/build.sh TREE
set -eu
tree=$1
deploy/build.sh "$tree" '' package_files
log=$tree/package.log
rm -rf "$tree/package"
echo "Packing"
(cd "$tree" && cpack -G DEB --config CPackConfig.cmake) >"$log" 2>&1 || {
  tail -20 "$log" >&2
  echo "package: cpack failed: mend what it says above (all of it: $log), then run make package again" >&2
  exit 1
}
ls "$tree"/package/*.deb
