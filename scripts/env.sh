# Source this (bash or zsh) to use ape, oracle, forge, cast and anvil by name:  . scripts/env.sh
# Needs `make setup` first.
_earnest_root="$(cd "$(dirname "${BASH_SOURCE[0]:-$0}")/.." && pwd)"
export PATH="$_earnest_root/.tools/bin:$_earnest_root/.venv/bin:$PATH"
# Ape takes the compiler from here; it is npm's, wrapped.
export SOLCX_BINARY_PATH="$_earnest_root/scripts/solc"
unset _earnest_root
