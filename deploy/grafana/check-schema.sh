#!/bin/sh
# Validates the dashboard against JSON schemas generated from Grafana's published types (npm @grafana/schema).
#   deploy/grafana/check-schema.sh [DASHBOARD]
# The packages go into a folder beside the build trees and are installed once. Without npm or without a network this is
# skipped, with a message and exit code 0: the checks of `make test` need neither.
set -eu
dashboard=${1:-deploy/grafana/dashboards/polybot.json}
tree=${BUILD_FOLDER:-build}/dashboard-schema
# The first release whose dashboards bear schemaVersion 41, and tools that read its types.
packages="@grafana/schema@11.6.0 ts-json-schema-generator@2.4.0 ajv@8.20.0"

skip() { echo "dashboard-schema: skipped: $1"; exit 0; }
command -v npm >/dev/null 2>&1 || skip "npm is not installed"
command -v node >/dev/null 2>&1 || skip "node is not installed"

mkdir -p "$tree"
if [ "$(cat "$tree/installed" 2>/dev/null)" != "$packages" ]; then
  echo '{"private": true}' >"$tree/package.json"
  # shellcheck disable=SC2086  # several words on purpose
  if ! npm install --prefix "$tree" --no-audit --no-fund --ignore-scripts --fetch-retries=1 $packages \
       >"$tree/install.log" 2>&1; then
    skip "npm cannot install $packages (see $tree/install.log)"
  fi
  echo "$packages" >"$tree/installed"
fi
NODE_PATH="$tree/node_modules" exec node deploy/grafana/check-schema.cjs "$tree/node_modules" "$dashboard"
