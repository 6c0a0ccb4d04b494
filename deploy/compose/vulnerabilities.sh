#!/bin/sh
# Which known vulnerabilities the packages of an image have, by debsecan: a report, and the fixed ones on the screen,
# because a new build installs those. Without debsecan, or without its data, this is skipped, with a message and exit
# code 0.
#   deploy/compose/vulnerabilities.sh FOLDER     (with the image's files status and os-release)
set -eu
folder=$1
skip() { echo "vulnerabilities: skipped: $1"; exit 0; }
command -v debsecan >/dev/null 2>&1 || skip "debsecan is not installed"
suite=$(sed -n 's/^VERSION_CODENAME=//p' "$folder/os-release" | tr -d "\"'")
[ -n "$suite" ] || { echo "vulnerabilities: $folder/os-release names no VERSION_CODENAME" >&2; exit 1; }
report=$folder/vulnerabilities.txt
if ! debsecan --suite "$suite" --status "$folder/status" --format detail >"$report" 2>"$report.log"; then
  rm -f "$report"
  skip "debsecan has no data for $suite (see $report.log)"
fi
fixed=$(debsecan --suite "$suite" --status "$folder/status" --only-fixed --format summary 2>>"$report.log" | sort -u)
echo "vulnerabilities: $(grep -c '^CVE-\|^TEMP-' "$report" || true) known ones of its packages are in $report"
[ -z "$fixed" ] || printf 'vulnerabilities: a new build would end these:\n%s\n' "$fixed"
