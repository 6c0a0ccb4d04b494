#!/bin/sh
# Shows, for each image that Dockerfile and docker-compose.yml name by digest, the digest that its registry has for the
# same tag today. Changes nothing: a new digest is looked at, then written by hand. Needs a Docker engine and a network.
#   deploy/compose/digests.sh        exit code 1 when one differs
set -eu
command -v docker >/dev/null 2>&1 || { echo "digests: docker is not installed" >&2; exit 2; }
named() {
  sed -n 's/^ARG DEBIAN=\(.*@sha256:[0-9a-f]*\)$/\1/p' deploy/Dockerfile
  sed -n 's/^ *image: \(.*@sha256:[0-9a-f]*\)$/\1/p' docker-compose.yml
}
differs=""
for image in $(named); do
  tag=${image%@*} digest=${image#*@}
  found=$(docker buildx imagetools inspect "$tag" --format '{{.Manifest.Digest}}' 2>&1) ||
    { echo "digests: $tag: the registry does not answer: $found" >&2; exit 2; }
  if [ "$found" = "$digest" ]; then
    echo "$tag  same"
  else
    echo "$tag  $found instead of $digest"
    differs=yes
  fi
done
[ -z "$differs" ]
