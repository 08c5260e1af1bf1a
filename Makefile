# Every target makes what it needs. `make` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.DEFAULT_GOAL := help
.PHONY: help setup demo ui test lint fix bench docs lock clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "kb needs Python 3.11 or later; this is " + sys.version.split()[0] + ". Say which: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	$(if $(TORCH_INDEX),$(PIP) --constraint constraints.txt --index-url $(TORCH_INDEX) torch)
	@touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing kb into $(VENV) (a few minutes the first time)…"
	$(PIP) --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.developing: $(VENV)/.installed
	$(PIP) --constraint constraints.txt --editable '.[dev]'
	@touch $@

setup: $(VENV)/.developing ## Install kb and what its tests need

demo: $(VENV)/.installed ## Ingest the sample, ask a question, print the cited answer
	@$(BIN)/kb demo

test: $(VENV)/.developing ## Run the tests
	$(BIN)/python -m pytest

lint: $(VENV)/.developing ## Check style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(VENV)/.developing ## Mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.developing ## Measure quality and speed; writes docs/benchmarks.md
	$(BIN)/python bench/run.py

ui: $(VENV)/.installed ## Open the tutor in a browser
	$(BIN)/kb ui

docs: $(VENV)/.developing ## Write docs/commands.md from the commands themselves
	$(BIN)/python docs/commands.py

lock: $(VENV)/.developing ## Renew constraints.txt for every platform and Python
	$(BIN)/python bench/lock.py --upgrade

clean: ## Remove what was installed and built
	rm -rf $(VENV) dist build .cache .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
