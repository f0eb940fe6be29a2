#!/usr/bin/env bash
# Make a virtual environment from a hashed lock file:  scripts/setup/python.sh .venv requirements-dev.lock
# Does nothing when the environment was made from this very lock.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

venv="$1"
lock="$2"
python="${PYTHON:-python3}"
uv_version="0.13.9"
stamp="$venv/.lock-sha256"
# The package itself is installed in place, so its metadata belongs to the key.
key="$(cat "$lock" pyproject.toml | sha256sum | cut -d' ' -f1)"

if [ -x "$venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null || true)" = "$key" ]; then
  exit 0
fi

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "setup: Python 3.11 or newer is needed, $python is $("$python" --version 2>&1). Set PYTHON to a newer one." >&2
  exit 1
fi

uv=".tools/uv/bin/uv"
if [ ! -x "$uv" ] || [ "$("$uv" --version | cut -d' ' -f2)" != "$uv_version" ]; then
  echo "setup: installing uv $uv_version into .tools/uv (about 25 MB)"
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    # Debian packs these two apart from Python.
    scripts/setup/apt.sh python3-venv "Python environments" || exit 1
  fi
  "$python" -m venv .tools/uv
  .tools/uv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$uv_version" 2>&1 |
    { grep -v '^WARNING: Location' || true; }
fi

echo "setup: installing $(grep -c '^[a-z0-9A-Z]' "$lock") Python packages of $lock into $venv"
rm -f "$stamp"
[ -x "$venv/bin/python" ] || "$uv" venv --quiet --python "$python" "$venv"
"$uv" pip sync --quiet --python "$venv/bin/python" --require-hashes "$lock"
# setuptools comes from the lock's environment-independent build isolation; no dependency is resolved here.
"$uv" pip install --quiet --python "$venv/bin/python" --no-deps --editable .
echo "$key" >"$stamp"
