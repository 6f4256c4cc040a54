# run: a server on this machine · test: everything · bench: side by side with a peer · the rest serves these three.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := run
MAKEFLAGS += --no-print-directory

PY := .venv/bin/python
PIP := $(PY) -m pip -qq --disable-pip-version-check
WORKERS ?= 2
ARGS ?=

.PHONY: run test soak bench lint pytest coverage clients pages screenshots wheel lock clean

run: .venv/run.stamp pages
	@exec .venv/bin/wharfinger serve $(ARGS)

test: .venv/test.stamp pages
	@$(MAKE) clients lint pytest coverage

bench: .venv/test.stamp
	@$(MAKE) clients
	@exec $(PY) -m bench $(ARGS)

lint: .venv/test.stamp
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports --no-cache

# One file runs in one process, so what a file starts (a docker daemon, a server) is started once. Files are dealt to
# WORKERS processes as these become free, the slow ones first: tests/conftest.py says which.
pytest: .venv/test.stamp
	@$(PY) -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

# The same model, races and kills as in `test`: EXAMPLES of 200 steps, SECONDS of races, every point of the kills.
EXAMPLES ?= 500
SECONDS ?= 120
soak: .venv/test.stamp
	@WHARFINGER_SOAK_EXAMPLES=$(EXAMPLES) WHARFINGER_SOAK_SECONDS=$(SECONDS) $(PY) -m pytest -p no:xdist -s --timeout 0 \
	  tests/domain/test_garbage_model.py tests/domain/test_garbage_races.py tests/faults/test_garbage_at_work.py \
	  tests/faults/test_kill_server.py tests/faults/test_kill_bucket.py $(ARGS)

coverage: .venv/test.stamp
	@$(PY) -m coverage run -m pytest -p no:xdist tests/rules tests/spec
	@$(PY) -m coverage report --fail-under=100

# Never fatal: what cannot be had is named here, and its tests skip with that reason.
clients:
	@tests/install_clients.sh

# The stylesheet and scripts of the web pages, where something they are built from has changed.
pages:
	@$(PY) hatch_build.py

# What the README shows, as it looks now.
screenshots: .venv/test.stamp pages
	@mkdir -p docs/screenshots
	@WHARFINGER_README_PICTURES=docs/screenshots $(PY) -m pytest -p no:xdist -k pictures tests/web/pages/test_first_start.py

wheel: .venv/test.stamp
	@$(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist .
	@ls dist/*.whl

# Pin what pyproject.toml asks for; UPGRADE=--upgrade moves what is pinned already. The locks carry versions and hashes,
# and no address to fetch them from.
UPGRADE ?=
COMPILE := CUSTOM_COMPILE_COMMAND="make lock" ../.venv/bin/pip-compile --quiet $(UPGRADE) --generate-hashes --allow-unsafe \
	--strip-extras --no-annotate --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options
lock: .venv/bin/python
	@$(PIP) install pip-tools
	@mkdir -p build
	@$(PY) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["test"], sep="\n")' \
	  > build/test.in
	@cd requirements && $(COMPILE) --build-deps-for editable --output-file run.txt ../pyproject.toml
	@cd requirements && $(COMPILE) --constraint run.txt --output-file test.txt ../build/test.in
	@$(PY) hatch_build.py lock

clean:
	@rm -rf .venv build dist .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find src tests bench -name __pycache__ -prune -exec rm -rf {} +

# A fresh Debian lacks the venv module: root gets it, others are told which package to ask for.
.venv/bin/python:
	@python3 -m venv .venv >build.log 2>&1 || { \
	  [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && rm -rf .venv && \
	  { apt-get update -qq; apt-get install -y -qq python3-venv; } </dev/null >>build.log 2>&1 && \
	  python3 -m venv .venv >>build.log 2>&1; } || { cat build.log; exit 1; }
	@rm -f build.log

.venv/run.stamp: pyproject.toml requirements/run.txt | .venv/bin/python
	@echo "Installing Wharfinger into .venv"
	@$(PIP) install --require-hashes -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/test.stamp: pyproject.toml requirements/run.txt requirements/test.txt | .venv/bin/python
	@echo "Installing Wharfinger and what tests it into .venv"
	@$(PIP) install --require-hashes -r requirements/run.txt -r requirements/test.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(PIP) check
	@touch $@
