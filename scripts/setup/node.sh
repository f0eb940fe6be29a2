#!/usr/bin/env bash
# Install package-lock.json's packages and link the native tools into .tools/bin.
# Does nothing when node_modules was made from this very lock.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

stamp="node_modules/.lock-sha256"
key="$(cat package.json package-lock.json | sha256sum | cut -d' ' -f1)"

if [ "$(cat "$stamp" 2>/dev/null || true)" != "$key" ]; then
  if ! command -v npm >/dev/null || [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
    echo "setup: Node 20 or newer with npm is needed; see https://nodejs.org" >&2
    exit 1
  fi
  echo "setup: installing npm packages: Solidity compiler, anvil, forge, cast, USDC, OpenZeppelin, Solady (about 270 MB)"
  # No install script runs: what is needed is inside the packages.
  npm ci --ignore-scripts --no-audit --no-fund --no-progress --loglevel=error
  echo "$key" >"$stamp"
fi

mkdir -p .tools/bin
for tool in anvil cast forge; do
  native="node_modules/@foundry-rs/$tool-linux-amd64/bin/$tool"
  if [ -x "$native" ]; then
    ln -sfn "../../$native" ".tools/bin/$tool"
  elif command -v "$tool" >/dev/null; then
    # npm carries native binaries for Linux on x86-64 only; elsewhere an installed Foundry serves.
    ln -sfn "$(command -v "$tool")" ".tools/bin/$tool"
  else
    echo "setup: no $tool for $(uname -sm): install Foundry 1.7.1 and run make setup again" >&2
    exit 1
  fi
done
ln -sfn ../../scripts/solc/solc-v0.8.30 .tools/bin/solc
