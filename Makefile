# Every target does its own set-up: all it takes is Python 3.11 or newer and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.run-installed
DEV_STAMP := $(VENV)/.dev-installed
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.DEFAULT_GOAL := help
.PHONY: help run demo test format bench screenshots soak lock clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(RUN_STAMP)  ## Open the desk on live Binance prices
	@$(BIN)/paperdesk

demo: $(RUN_STAMP)  ## Open the desk on the built-in simulated exchange (no network needed)
	@$(BIN)/paperdesk demo

test: $(DEV_STAMP)  ## Check formatting, lint, types and room contracts, then run all tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 -q

format: $(DEV_STAMP)  ## Format the code and apply safe lint fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(DEV_STAMP)  ## Measure speed; prints one table of ratios against named baselines
	$(BIN)/python -m bench

screenshots: $(DEV_STAMP)  ## Write the pictures in screenshots/ from the real app
	$(BIN)/python -m screenshots.make

soak: $(DEV_STAMP)  ## Run the long tests
	$(BIN)/python -m pytest -q -m soak

lock:  ## Write the hashed lock files anew from pyproject.toml (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		pyproject.toml --group dev -o requirements-dev.lock

clean:  ## Remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("Paperdesk needs Python 3.11 or newer." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

# The project itself is installed without its dependencies: they come hashed from the lock.
# hatchling, which builds it, is in the development lock and for users in requirements-build.lock.
$(RUN_STAMP): $(BIN)/python requirements.lock requirements-build.lock pyproject.toml
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --require-hashes -r requirements-build.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(DEV_STAMP): $(BIN)/python requirements-dev.lock pyproject.toml
	$(PIP) install --require-hashes -r requirements-dev.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ $(RUN_STAMP)
