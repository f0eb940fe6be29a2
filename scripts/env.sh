# Source this (bash or zsh) to use ape, oracle, forge, cast and anvil by name:  . scripts/env.sh
# Needs `make setup` first.
_earnest_root="$(cd "$(dirname "${BASH_SOURCE[0]:-$0}")/.." && pwd)"
export PATH="$_earnest_root/.tools/bin:$_earnest_root/.venv/bin:$PATH"
# Ape takes the compiler from here; it is npm's, wrapped.
export SOLCX_BINARY_PATH="$_earnest_root/scripts/solc"
# Nodes that `ape run deploy` talks to. Base's public ones are slow and limited: set your own.
export BASE_RPC_URL="${BASE_RPC_URL:-https://mainnet.base.org}"
export BASE_SEPOLIA_RPC_URL="${BASE_SEPOLIA_RPC_URL:-https://sepolia.base.org}"
# Where a local anvil listens, or is started if none does.
export EARNEST_LOCAL_RPC_URL="${EARNEST_LOCAL_RPC_URL:-http://127.0.0.1:8545}"
unset _earnest_root
