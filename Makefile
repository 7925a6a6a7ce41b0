# Causeway from a clone. Needs Python >= 3.11 with venv and nothing else; everything is installed into .venv from the
# hash-pinned files in requirements/. A stamp file per step makes the second run quick.
#
#   make demo        make test        make help

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
# three on two processors: a worker that waits for PostgreSQL leaves one to the others
PYTEST_ARGS ?= -n 3 --dist worksteal
DEMO_ARGS ?=
BENCH_ARGS ?=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo install test format lint types layers pytest postgres bench explorer docs lock system clean

help:  ## this list
	@awk -F ':.*##' '/^[a-z]+:.*##/ {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---- environment -----------------------------------------------------------------------------------------------

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python >= 3.11 with venv was not found (Debian, Ubuntu: apt-get install python3-venv)." >&2; exit 1; fi
	@echo "==> environment $(VENV) ($$($(PYTHON) --version))"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements/runtime.txt requirements/build.txt pyproject.toml | $(BIN)/python
	@echo "==> installing Causeway and its dependencies"
	@$(PIP) install --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.runtime
	@echo "==> installing what the tests need"
	@$(PIP) install --require-hashes -r requirements/test.txt
	@touch $@

install: $(VENV)/.runtime  ## the environment with Causeway in it

# ---- run -------------------------------------------------------------------------------------------------------

demo: $(VENV)/.runtime  ## serve a demo site on http://127.0.0.1:8055
	@$(MAKE) --no-print-directory explorer || echo "==> going on without the explorer page"
	@exec $(BIN)/causeway demo $(DEMO_ARGS)

# ---- check -----------------------------------------------------------------------------------------------------

test: lint types layers pytest  ## everything: lint, types, layers, tests on SQLite and PostgreSQL

lint: $(VENV)/.test  ## ruff: format and rules
	@echo "==> ruff"
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

format: $(VENV)/.test  ## ruff: write the format, fix what can be fixed
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

types: $(VENV)/.test  ## mypy --strict
	@echo "==> mypy --strict"
	@$(BIN)/mypy

layers: $(VENV)/.test  ## import-linter: gateway -> rest_bridge -> resolvers -> schema_gen
	@echo "==> import-linter"
	@$(BIN)/lint-imports

postgres: $(VENV)/.test  ## show (or install) the PostgreSQL that the tests use
	@$(BIN)/python -m tests.support.postgres

pytest: $(VENV)/.test postgres explorer
	@echo "==> pytest"
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

bench: $(VENV)/.test  ## side-by-side benchmark, writes benchmarks/results
	@$(BIN)/python -m benchmarks.run $(BENCH_ARGS)

# ---- build -----------------------------------------------------------------------------------------------------

# with the system's Node.js >= 20, else with one from PyPI
SYSTEM_NODE = $(shell command -v npm >/dev/null && \
	node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && echo yes)
EXPLORER := $(if $(wildcard web/package.json),gateway/static/graphiql/.built)

explorer: $(EXPLORER)  ## build the GraphiQL page from npm into gateway/static/graphiql
	@:

$(EXPLORER): $(shell find web -type f -not -path '*/node_modules/*' 2>/dev/null)
	@if [ -z "$(SYSTEM_NODE)" ]; then $(MAKE) --no-print-directory $(VENV)/.node; fi
	@echo "==> explorer page"
	@PATH="$(if $(SYSTEM_NODE),,$(abspath $(BIN)):)$$PATH" npm --prefix web ci --no-audit --no-fund
	@PATH="$(if $(SYSTEM_NODE),,$(abspath $(BIN)):)$$PATH" npm --prefix web run build
	@touch $@

$(VENV)/.node: requirements/node.txt | $(BIN)/python
	@echo "==> Node.js from PyPI"
	@$(PIP) install --require-hashes -r requirements/node.txt
	@touch $@

docs: $(VENV)/.test  ## write the reference tables in docs/reference anew from the code
	@$(BIN)/python -m docs.generate

lock: | $(BIN)/python  ## resolve the dependencies anew into requirements/*.txt (uses uv from PyPI)
	@./requirements/compile "$(BIN)/python"

system:  ## install PostgreSQL, Redis and Chromium for the tests (Debian, Ubuntu; as root)
	@./.ci/setup

clean:  ## remove the environment and caches (the demo database in data/ stays)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
