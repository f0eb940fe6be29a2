#!/usr/bin/env bash
# Provide Chromium, the browser in which the pages are tested and their pictures taken.
# Where it may not be installed, setup goes on; the tests in a browser are then skipped and say so.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if ! command -v chromium >/dev/null; then
  scripts/setup/apt.sh chromium "tests in a browser" || true
fi
