#!/bin/sh
# The same alert rules, or the same Prometheus configuration, on a faster clock, for tests that cannot wait
# minutes: every range, offset, `for` and `keep_firing_for` is divided by FACTOR, every scrape and evaluation interval
# becomes 1 s. Thresholds, names, labels and texts stay as they are.
#   deploy/prometheus/shorten.sh [FACTOR] <deploy/prometheus/alerts.yml >short-alerts.yml
# FACTOR is a whole number; 30 as shipped, which turns 5 m into 10 s. A range never becomes shorter than 4 s (rate()
# needs samples) and a wait never shorter than 1 s (0 stays 0).
set -eu
factor=${1:-30}
case $factor in
  '' | *[!0-9]* | 0) echo "shorten: FACTOR must be a whole number above 0, not '$factor'" >&2; exit 1 ;;
esac

exec awk -v factor="$factor" '
  # Seconds of a plain duration: 30s, 5m, 6h, 1d.
  function seconds(text,   unit) {
    unit = substr(text, length(text))
    if (text !~ /^[0-9]+[smhd]$/) {
      printf "shorten: line %d: not a plain duration: %s\n", NR, text > "/dev/stderr"
      failed = 1
      exit 1
    }
    return substr(text, 1, length(text) - 1) * (unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 86400)
  }
  function shorter(text, least,   value) {
    value = seconds(text)
    if (value == 0) return "0s"
    value = int(value * 1000 / factor)
    if (value < least * 1000) value = least * 1000
    return value % 1000 == 0 ? value / 1000 "s" : value "ms"
  }
  # Comments are for readers of the original.
  /^ *#/ { next }
  /^ *(for|keep_firing_for): / {
    match($0, /: /)
    print substr($0, 1, RSTART + 1) shorter(substr($0, RSTART + 2), 1)
    next
  }
  /^ *(scrape_interval|evaluation_interval): / {
    match($0, /: /)
    seconds(substr($0, RSTART + 2))
    print substr($0, 1, RSTART + 1) "1s"
    next
  }
  # Ranges: [5m], those that the text of an annotation asks for too; and what is as far back as one: offset 5m.
  {
    rest = $0
    done = ""
    while (match(rest, /\[[0-9][0-9a-z]*\]| offset [0-9][0-9a-z]*/)) {
      found = substr(rest, RSTART, RLENGTH)
      done = done substr(rest, 1, RSTART - 1)
      if (found ~ /^ /) done = done " offset " shorter(substr(found, 9), 4)
      else done = done "[" shorter(substr(found, 2, length(found) - 2), 4) "]"
      rest = substr(rest, RSTART + RLENGTH)
    }
    print done rest
  }
  END { if (failed) exit 1 }
'
