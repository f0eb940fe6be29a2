#!/usr/bin/env bash
# Provide bubblewrap, the sandbox in which delivered code is tested.
# Where it may not be installed, setup goes on: such conditions are then undecided and nothing runs unsandboxed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if ! command -v bwrap >/dev/null; then
  scripts/setup/apt.sh bubblewrap "conditions that run delivered code" || true
fi
