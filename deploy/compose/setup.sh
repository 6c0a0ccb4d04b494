#!/bin/sh
# What has to be there before the services start, in containers:
#   polybot-setup                     checks MODE; makes a venue key for the simulated account if there is none
#   polybot-setup set-venue-key <KEY  takes the key from standard input instead: 64 hex digits, or a keystore (JSON)
#   polybot-setup renew-certificates  new certificates of the bus for all services, from new authorities; restart them
#   polybot-setup open-configuration FOLDER_OR_FILE...
#                                     lets all users, and so the containers, read configuration and the runbook that a
#                                     checkout under umask 077 keeps to its owner
# The key is a file that only its owner can read, in a folder that only order-manager mounts. With
# BUS_CERTIFICATES=folder the certificates of the bus are made there, if one is missing: SERVICE/certificate.pem, which
# that service alone mounts, and authorities. The keys of the authorities are thrown away: nobody can issue another one.
set -eu
umask 077
key=${VENUE_KEY:-/var/lib/polybot/venue-key/key}

say() { echo "setup: $*"; }
fail() { echo "setup: $*" >&2; exit 1; }

# Writes a whole file or none, even when it is killed: order-manager must never read half a key.
write_key() {
  draft_key "$1"
  mv "$key.new" "$key"
}
draft_key() {
  [ -d "${key%/*}" ] || mkdir -m 0700 "${key%/*}"
  printf '%s\n' "$1" >"$key.new"
  sync "$key.new"
}
# A keystore is read by the program that will open it; it prints the account, and its reason when it cannot.
check_keystore() {
  for program in order-manager /usr/lib/polybot/bin/order-manager; do
    command -v "$program" >/dev/null 2>&1 || continue
    account=$("$program" key show "$key.new") && return 0
    rm -f "$key.new"
    fail "this is no keystore that order-manager can use"
  done
  rm -f "$key.new"
  fail "order-manager is not installed, so a keystore cannot be checked"
}

# Service by service a file is written whole or not at all. An interrupted run leaves one missing, or is begun again.
renew_certificates() {
  made=$(mktemp -d)
  trap 'rm -rf "$made"' EXIT
  # For long: they are replaced all at once, which needs a restart, and nobody can issue others from their authorities.
  DAYS=3650 polybot-certificates make "$made" >/dev/null
  rm -f "$BUS_CERTIFICATES"/*/certificate.pem
  for file in "$made"/authorities/*.pem "$made"/*/certificate.pem; do
    place=$BUS_CERTIFICATES/${file#"$made"/}
    cp -p "$file" "$place.new"
    sync "$place.new"
    mv "$place.new" "$place"
  done
}

certificates_are_there() {
  for service in gateway strategy-runner order-manager metrics-aggregator; do
    [ -s "$BUS_CERTIFICATES/$service/certificate.pem" ] || return 1
  done
}

case ${1:-} in
  '')
    case ${MODE:-sim} in
      sim) ;;
      paper) fail "MODE=paper is not for containers in this version: make run MODE=paper" ;;
      live) fail "MODE=live is not part of this version; MODE=sim trades on the built-in venue" ;;
      *) fail "MODE must be sim, not '$MODE'" ;;
    esac
    case ${RUNNERS:-1} in
      [1-9] | [1-9][0-9]) ;;
      *) fail "RUNNERS must be a number from 1 to 99, not '$RUNNERS': without a strategy-runner nothing trades" ;;
    esac
    if [ -s "$key" ]; then
      say "mode ${MODE:-sim}; the venue key is there"
    else
      # 256 random bits name a valid key, except for one case in 2^128, which order-manager refuses.
      write_key "0x$(head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n')"
      say "mode ${MODE:-sim}; made a venue key for the simulated account"
    fi
    if [ -n "${BUS_CERTIFICATES:-}" ] && ! certificates_are_there; then
      renew_certificates
      say "made the certificates of the bus"
    fi
    ;;
  renew-certificates)
    [ -n "${BUS_CERTIFICATES:-}" ] || fail "BUS_CERTIFICATES does not say where the certificates of the bus are"
    renew_certificates
    say "the certificates of the bus are new; restart all services"
    ;;
  set-venue-key)
    text=$(head -c 16384)
    case $text in
      '{'*)
        draft_key "$text"
        check_keystore
        mv "$key.new" "$key"
        say "the venue key is replaced by a keystore${account:+ of $account}; restart order-manager with its passphrase"
        exit 0
        ;;
    esac
    text=$(printf '%s' "$text" | tr -d ' \r\n' | head -c 128)
    digits=${text#0x}
    case $digits in *[!0-9a-fA-F]*) fail "a venue key is 64 hex digits, nothing else" ;; esac
    [ ${#digits} -eq 64 ] || fail "a venue key is 64 hex digits, not ${#digits}"
    write_key "0x$digits"
    say "the venue key is replaced; restart order-manager"
    ;;
  open-configuration)
    shift
    # Files of other kinds may hold secrets and stay as they are. A folder is opened before its contents.
    changed=$(find "$@" \( -type d ! -perm -555 -o -type f ! -perm -444 \
        \( -name '*.toml' -o -name '*.yml' -o -name '*.json' -o -name README.md \) \) -exec chmod -c a+rX {} +) ||
      fail "the containers may not read all of the configuration: on the host, run chmod -R a+rX $*, and start again"
    [ -z "$changed" ] || say "the containers may read now: $(printf '%s\n' "$changed" | wc -l) files and folders of $*"
    ;;
  *) fail "unknown argument '$1' (set-venue-key, renew-certificates, open-configuration)" ;;
esac
