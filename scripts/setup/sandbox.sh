#!/usr/bin/env bash
# Provide bubblewrap, the sandbox in which delivered code is tested.
# Installed from Debian's packages as root or with SETUP_APT=1; otherwise the line to run is printed.
# Without it, conditions that need the sandbox are undecided: nothing ever runs unsandboxed.
set -euo pipefail

if command -v bwrap >/dev/null; then
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "setup: bubblewrap is missing and there is no apt here; install the package \"bubblewrap\" for code checks" >&2
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if [ "${SETUP_APT:-0}" != "1" ]; then
    echo "setup: bubblewrap is missing: code checks stay undecided until you run"
    echo "    sudo apt-get update && sudo apt-get install --yes --no-install-recommends bubblewrap"
    exit 0
  fi
  as_root=(sudo)
fi
echo "setup: installing bubblewrap (about 0.2 MB) with apt"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install --yes -qq --no-install-recommends bubblewrap >/dev/null
