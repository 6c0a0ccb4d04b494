#!/bin/sh
# Starts Alertmanager with the configuration beside this file. When a dead-man's switch is configured – a service that
# calls you when it stops hearing from here – the Watchdog goes to it, each minute; as shipped it goes to nobody.
#   DEADMAN_URL=https://hc.example.org/ping/…        or DEADMAN_URL_FILE=/run/secrets/deadman_url, which holds it
#   deploy/alertmanager/start.sh [FLAG...]           flags of alertmanager; ALERTMANAGER names the program
#   deploy/alertmanager/start.sh --print             prints the configuration that would be used
# The receiver is a webhook: Alertmanager POSTs its JSON there. A URL in a file is not shown by `docker inspect`.
set -eu
folder=$(cd "$(dirname "$0")" && pwd)
config=$folder/alertmanager.yml

# A heartbeat that is set wrongly must not take the alerts with it: the service that misses it calls you.
print=""
[ "${1:-}" != --print ] || print=yes
wrong() {
  echo "start.sh: $*; the Watchdog goes to nobody" >&2
  [ -z "$print" ] || exit 1
  url=""
}

url=${DEADMAN_URL:-}
if [ -n "${DEADMAN_URL_FILE:-}" ]; then
  if [ -n "$url" ]; then
    wrong "DEADMAN_URL and DEADMAN_URL_FILE exclude each other"
  else
    url=$(cat "$DEADMAN_URL_FILE") || wrong "DEADMAN_URL_FILE cannot be read"
  fi
fi
case $url in
  '' | http://*[!/]* | https://*[!/]*) ;;
  *) wrong "the dead-man's switch must be an http:// or https:// URL" ;;
esac
case $url in
  *[\'\\[:space:]]*) wrong "the URL of the dead-man's switch holds a quote, a backslash or a space" ;;
esac

# The route of the Watchdog leads to one more receiver.
with_deadman() {
  DEADMAN="$url" awk '
    /alertname = "Watchdog"/ { watchdog = 1 }
    watchdog && /^ *receiver: / { sub(/receiver: .*/, "receiver: deadman"); watchdog = 0; routed = 1 }
    { print }
    /^receivers:/ {
      print "  - name: deadman"
      print "    webhook_configs:"
      print "      - url: '\''" ENVIRON["DEADMAN"] "'\''"
      print "        send_resolved: false"
      named = 1
    }
    END { if (!routed || !named) { print "start.sh: no route of the Watchdog to change" >"/dev/stderr"; exit 1 } }
  ' "$config"
}

if [ -n "$print" ]; then
  if [ -n "$url" ]; then with_deadman; else cat "$config"; fi
  exit
fi
if [ -n "$url" ]; then
  made=$(mktemp "${TMPDIR:-/tmp}/alertmanager-XXXXXX")  # readable by this user alone
  with_deadman >"$made"
  config=$made
fi
exec "${ALERTMANAGER:-alertmanager}" --config.file="$config" "$@"
