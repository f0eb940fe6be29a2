# Every target sets up what it needs; `make help` lists them.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# npm's foundry shims exit 0 even when tests fail: .tools/bin holds links to the native binaries.
export PATH := $(CURDIR)/.tools/bin:$(CURDIR)/.venv/bin:$(PATH)
export SOLCX_BINARY_PATH := $(CURDIR)/scripts/solc
# Tests start hundreds of processes: each would compile all it imports anew.
unexport PYTHONDONTWRITEBYTECODE
# The jury of `make demo`: "local" is the pinned model, "none" leaves jury conditions out.
export JURY ?= local

PYTHON_BIN := .venv/bin/python
# Most of the long tests wait for a chain, so more of them than cores run at once; a file's tests stay together.
# Files come in the order of tests/conftest.py, the long ones first: xdist's own would end with them, one worker busy.
TEST_WORKERS ?= 3
PARALLEL = -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: bench build help setup setup-model test test-contracts test-python test-postgres test-web3-8 demo screenshots gas bench-jury chaos chaos-seeds verify mutate setup-verify lint fmt lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install everything the other targets need (idempotent)
	@scripts/setup/python.sh .venv requirements-dev.lock
	@scripts/setup/node.sh
	@scripts/setup/sandbox.sh
	@scripts/setup/postgres.sh
	@scripts/setup/chromium.sh

setup-model: setup ## fetch the pinned local model once (1.1 GB) unless JURY=none
	@if [ "$(JURY)" != none ]; then $(PYTHON_BIN) -m scripts.setup.model; fi

demo: setup-model ## run the main job on a local chain; JURY=none leaves the model out, SERVE=1 keeps its API up
	@$(PYTHON_BIN) -m scripts.demo

screenshots: setup ## run the demo and take the pictures of its pages in docs/img
	@$(PYTHON_BIN) -m scripts.screenshots

build: setup ## compile the contracts with forge
	@forge build --quiet

test: lint test-contracts test-python test-postgres test-web3-8 ## run every check and test

test-contracts: setup ## Solidity tests, those of the escrow broken on purpose too
	@$(PYTHON_BIN) -m scripts.broken
	forge test

test-python: build ## Python tests, slow ones too
	scripts/pytest.sh $(PYTHON_BIN) -q $(PARALLEL)

test-postgres: build ## the tests that use a database once more, on PostgreSQL
	ORACLE_TEST_DATABASE=postgresql scripts/pytest.sh $(PYTHON_BIN) -q -m database $(PARALLEL) \
	  --deselect tests/property/test_planted_bugs.py  # they test the state machine, which does run here

test-web3-8: setup ## the daemon's fast unit tests without Ape, on web3's newer line
	@scripts/setup/python.sh .venv-oracle requirements-oracle.lock
	scripts/pytest.sh .venv-oracle/bin/python -q tests/unit tests/property -m 'not slow' $(PARALLEL) \
	  --ignore tests/unit/setup --ignore tests/unit/verify --ignore tests/unit/broken \
	  --deselect tests/property/test_daemon_machine.py  # tools of this repository; a model that ran above, twice

gas: build ## gas table with real USDC, WRITE=1 renews docs/gas.md; the last line is one JSON object
	@$(PYTHON_BIN) -m scripts.gas $(if $(WRITE),--write)

bench: build ## measure speed beside what others do (SECTIONS="index …"); the last line is one JSON object
	@$(PYTHON_BIN) -m scripts.bench $(SECTIONS)

bench-jury: setup ## measure the jury on recorded votes (VOTES=FILE for others); the last line is one JSON object
	@$(PYTHON_BIN) -m scripts.bench_jury

chaos: build ## kill, reorg and lie to three evaluators (SEED, JOBS, FAULTS, MINUTES, DATABASE); last line JSON
	@$(PYTHON_BIN) -m scripts.chaos $(if $(SEED),--seed $(SEED)) --jobs $(or $(JOBS),200) --faults $(or $(FAULTS),300) \
	  --minutes $(or $(MINUTES),20) --database $(or $(DATABASE),sqlite)

chaos-seeds: build ## seeds that once failed, and bugs planted on purpose
	$(PYTHON_BIN) -m pytest -q tests/chaos

setup-verify: setup
	@scripts/setup/python.sh .venv-verify requirements-verify.lock

verify: setup-verify ## prove, analyse, attack, mutate (30 minutes on 2 cores); the last line is one JSON object
	@$(PYTHON_BIN) -m scripts.verify

mutate: setup-verify ## try every mutant of the contracts and write docs/verification/mutation.json (resumes)
	@$(PYTHON_BIN) -m scripts.verify.mutation --report

lint: setup ## ruff, mypy, forge fmt, solhint
	$(PYTHON_BIN) -m ruff check .
	$(PYTHON_BIN) -m ruff format --check .
	$(PYTHON_BIN) -m mypy
	forge fmt --check
	node_modules/.bin/solhint --noPoster --max-warnings 0 'contracts/**/*.sol'

fmt: setup ## format Python and Solidity
	$(PYTHON_BIN) -m ruff check --fix-only --quiet .
	$(PYTHON_BIN) -m ruff format .
	forge fmt

lock: setup ## write the lock files anew from pyproject.toml and package.json
	scripts/setup/lock.sh

clean: ## remove everything that setup and builds made (not the model's cache)
	rm -rf .venv .venv-oracle .venv-verify .tools node_modules .build .demo .mypy_cache .ruff_cache .pytest_cache *.egg-info
