# Every command a developer or CI runs. `make` alone prints this help.
#   Variables: PYTHON=python3.12 picks the interpreter; ARGS="..." is passed on to the program or to pytest,
#   WORKERS=1 runs the tests one after another; else one more at once than there are processors, three to five: many wait.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

VENV := .venv
BIN := $(VENV)/bin
PACKAGES := core web config papers cases feeds alerts supervision evaluation approval applicants dashboard exchange portal video
CHECKED := $(PACKAGES) commands migrations migrations_outer scripts tests $(wildcard *.py)
JS_TESTS = $(shell find tests/js -type f \( -name '*.test.mjs' -o -name 'test_*.mjs' -o -name 'test-*.mjs' \) | sort)
ARGS ?=
# What was compiled is kept, whatever the environment says: a worker otherwise compiles all tests anew, half a minute.
unexport PYTHONDONTWRITEBYTECODE
WORKERS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n < 2 ? 3 : n > 4 ? 5 : n + 1)))

##@ Start

.PHONY: demo
demo: setup ## show the wall with a simulated city (needs Python 3.11 or newer, nothing else)
	@$(BIN)/python app.py demo $(ARGS)

.PHONY: run
run: setup ## run the program on its settings: web, push and worker in one process
	@$(BIN)/python app.py $(ARGS)

.PHONY: setup
setup: ## create .venv with the pinned packages (done by demo and run)
	@scripts/setup run

.PHONY: setup-test
setup-test: ## the same plus test tools, Chromium, Redis, PostgreSQL, Node.js, axe, pm4py, Chinese fonts (done by test)
	@scripts/setup test

##@ Check

.PHONY: test
test: setup-test ## everything CI runs: lint, types, layers, JavaScript and Python tests
	@failed=0; beside="$$(mktemp)"; \
	$(MAKE) --no-print-directory lint test-js >"$$beside" 2>&1 & \
	$(MAKE) --no-print-directory test-py || failed=1; \
	wait $$! || failed=1; cat "$$beside"; rm -f "$$beside"; exit $$failed

.PHONY: lint
lint: setup-test ## ruff, mypy (strict on core, papers, cases, alerts, supervision), import contracts
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: format
format: setup-test ## sort imports and apply ruff's safe fixes
	$(BIN)/ruff check --fix $(CHECKED)

.PHONY: test-js
test-js: setup-test ## the browser modules, in Node.js
	@if [ -n "$(JS_TESTS)" ]; then node --test $(JS_TESTS); else echo 'no JavaScript tests'; fi

.PHONY: test-py
test-py: setup-test ## pytest; ARGS="tests/unit -k calendar" runs a part
	YANGGUANG_TEST_REQUIRE_SERVICES=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: test-office
test-office: ## LibreOffice, installed when missing, opens a bulletin; `make test` does without it
	@scripts/setup office
	$(BIN)/python -m pytest tests/integration/test_office.py $(ARGS)

##@ Measure

.PHONY: bench-peers
bench-peers: setup-test ## hosted cases beside two workflow engines, in an environment of their own
	@test -x .venv-peers/bin/python || python3 -m venv .venv-peers
	@.venv-peers/bin/pip install --quiet -r tests/bench/peers/requirements.txt
	@$(BIN)/python -m tests.bench engines

.PHONY: bench
bench: ## benchmarks, each with its floor; writes docs/benchmarks.md
	@scripts/setup bench
	@$(BIN)/python -m tests.bench $(ARGS)

##@ Data

.PHONY: migrate
migrate: setup ## bring the database to the newest schema (the settings say which)
	@$(BIN)/alembic upgrade head

##@ Keep

.PHONY: docs
docs: setup ## rewrite the pages of docs/ that are made from the code
	@$(BIN)/python -m scripts.render_docs $(ARGS)

.PHONY: freeze
freeze: ## resolve requirements*.txt afresh and write requirements.lock
	@scripts/freeze

.PHONY: clean
clean: ## remove .venv and caches (never a database)
	rm -rf $(VENV) .venv-pm4py .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis tests/output
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help:
	@awk 'BEGIN {FS = ":.*## "} \
		/^##@/ {printf "\n\033[1m%s\033[0m\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  \033[36m%-12s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)
