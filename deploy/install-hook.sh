#!/bin/sh
# Has git check the subject of each commit in this clone (tests/tidy/commits.py). A hook of the user's own stays.
set -eu
folder=$(git rev-parse --git-common-dir 2>/dev/null) || exit 0
hook=$folder/hooks/commit-msg
if [ -e "$hook" ] && ! grep -q tests.tidy.commits "$hook"; then exit 0; fi
mkdir -p "$folder/hooks" 2>/dev/null && [ -w "$folder/hooks" ] || exit 0
cat >"$hook" <<'HOOK'
#!/bin/sh
[ ! -f tests/tidy/commits.py ] || exec /usr/bin/python3 -B -m tests.tidy.commits "$1"
HOOK
chmod +x "$hook"
