#!/usr/bin/env bash
# Install one of Debian's packages as root or with SETUP_APT=1:  scripts/setup/apt.sh bubblewrap "code checks"
# Otherwise print the line to run and fail.
set -euo pipefail

package="$1"
purpose="$2"

if ! command -v apt-get >/dev/null; then
  echo "setup: \"$package\" is missing and there is no apt here; $purpose need it" >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if [ "${SETUP_APT:-0}" != "1" ]; then
    echo "setup: $purpose need $package; run this line, then the same command again:" >&2
    echo "    sudo apt-get update && sudo apt-get install --yes --no-install-recommends $package" >&2
    exit 1
  fi
  as_root=(sudo)
fi
echo "setup: installing $package with apt"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes -qq --no-install-recommends "$package" >/dev/null
