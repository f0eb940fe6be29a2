#!/usr/bin/env bash
# Provide PostgreSQL's programs (initdb, postgres, pg_dump, pg_restore), on which the tests run a second time.
# Where they may not be installed, setup goes on; `make test-postgres` then says what is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if ! command -v initdb >/dev/null && ! compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null; then
  scripts/setup/apt.sh postgresql "tests on PostgreSQL" || true
fi
