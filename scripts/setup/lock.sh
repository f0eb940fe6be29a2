#!/usr/bin/env bash
# Write the lock files anew from pyproject.toml and package.json, with hashes and without any address.
# Run it after changing a dependency, then `make setup`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

compile() {
  .tools/uv/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
    --no-emit-find-links --python-version 3.11 --custom-compile-command scripts/setup/lock.sh "$@"
}

compile pyproject.toml --group pyproject.toml:dev --extra model --output-file requirements-dev.lock
# The daemon and what its unit tests need, without Ape: this resolves to the newer web3 line.
compile pyproject.toml --group pyproject.toml:test --output-file requirements-oracle.lock
# Halmos, slither and gambit pin what the project uses otherwise.
compile --group pyproject.toml:verify --output-file requirements-verify.lock
npm install --package-lock-only --ignore-scripts --no-audit --no-fund --loglevel=error \
  --omit-lockfile-registry-resolved

if grep -nE '://|"resolved"' requirements-*.lock || grep -n '"resolved"' package-lock.json; then
  echo "lock: a lock file names an address" >&2
  exit 1
fi
