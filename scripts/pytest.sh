#!/usr/bin/env bash
# usage: scripts/pytest.sh PYTHON [PYTEST ARGUMENT …]
#
# Runs pytest. Up to three tests that failed beside others are tried once more, one after the other with nothing
# beside them, and named: the tests start chains, databases, daemons and browsers, and a machine that gives them no
# time fails them for no fault of theirs. What fails alone too has failed; so have more than three.
set -euo pipefail

python=$1
shift
most=3
cache=.pytest_cache/v/cache/lastfailed
rm -f "$cache"

code=0
"$python" -m pytest "$@" || code=$?
# 1 says that tests failed; anything else went wrong outside of them.
[ "$code" -eq 1 ] && [ -f "$cache" ] || exit "$code"

failed=$("$python" -c 'import json, sys; print("\n".join(json.load(open(sys.argv[1]))))' "$cache")
count=$(wc -l <<<"$failed")
if [ "$count" -gt "$most" ]; then
  echo "pytest: $count tests failed: too many to be the machine's doing" >&2
  exit "$code"
fi
echo "pytest: trying again alone:" && sed 's/^/  /' <<<"$failed"
"$python" -m pytest "$@" -n 0 --last-failed
echo "pytest: passed only when tried again alone:" && sed 's/^/  /' <<<"$failed"
