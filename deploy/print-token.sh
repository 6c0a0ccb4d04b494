#!/bin/sh
# Prints the API token of a data folder; the gateway makes it at its first start.
set -eu
token=${DATA:-data/sim}/secrets/api-token
if [ -d "${token%/*}" ] && ! { [ -x "${token%/*}" ] && { [ ! -e "$token" ] || [ -r "$token" ]; }; }; then
  echo "token: $token belongs to another user; ask as that user" >&2
  exit 1
fi
[ -f "$token" ] || {
  echo "token: there is no $token yet; the gateway makes it at its first start (make run)" >&2
  exit 1
}
text=$(cat -- "$token")
[ -n "$text" ] || {
  echo "token: $token is empty" >&2
  exit 1
}
printf '%s\n' "$text"
