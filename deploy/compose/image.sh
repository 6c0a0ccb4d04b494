#!/bin/sh
# Builds the image, and writes beside the build trees what is in it (SPDX) and which known vulnerabilities its packages
# have (debsecan, from Debian's security tracker).
#   deploy/compose/image.sh FOLDER
set -eu
folder=$1
tag=${POLYBOT_TAG:-local}
fail() { echo "image: $*" >&2; exit 1; }
again="then run the same command again"
command -v docker >/dev/null 2>&1 || fail "docker is not installed: install a Docker engine, $again"
docker version >/dev/null 2>&1 || fail "no Docker engine answers (docker version says why): start it, $again"

revision=$(git -c safe.directory='*' rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
docker build -f deploy/Dockerfile -t "polybot:$tag" --build-arg "REVISION=$revision" \
  --build-arg "UPDATES=$(date -u +%F)" .

mkdir -p "$folder"
for file in /var/lib/dpkg/status /etc/os-release; do
  docker run --rm --network none "polybot:$tag" cat "$file" >"$folder/${file##*/}"
done
deploy/compose/sbom.py --name polybot --version "$tag" --os-release "$folder/os-release" --status "$folder/status" \
  >"$folder/polybot.spdx.json"
echo "image: polybot:$tag; its packages are in $folder/polybot.spdx.json"
deploy/compose/vulnerabilities.sh "$folder"
