# Every target makes what it needs. `make` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.DEFAULT_GOAL := help
.PHONY: help setup demo ui test lint fix bench docs installs lock clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "kb needs Python 3.11 or later; this is " + sys.version.split()[0] + ". Say which: make PYTHON=python3.11 …")'
	@$(PYTHON) -c 'import platform as p, sys; sys.exit("ONNX Runtime has no release for Intel Macs and Python " + sys.version.split()[0] + ". Say an older one: make PYTHON=python3.13 …" if p.system() == "Darwin" and p.machine() == "x86_64" and sys.version_info >= (3, 14) else 0)'
	$(PYTHON) -m venv $(VENV)
	@touch $@

# What is never imported is never compiled: that saves 150 MB.
$(VENV)/.installed: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing kb into $(VENV) (one to three minutes the first time)…"
	$(PIP) --no-compile --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.developing: $(VENV)/.installed
	$(if $(TORCH_INDEX),$(PIP) --constraint constraints.txt --index-url $(TORCH_INDEX) torch)
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

installs: $(VENV)/.developing ## Install kb in the ways that strangers do, and let it answer
	$(BIN)/python bench/installs.py

lock: $(VENV)/.developing ## Renew constraints.txt for every platform and Python
	$(BIN)/python bench/lock.py --upgrade

clean: ## Remove what was installed and built
	rm -rf $(VENV) dist build .cache .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
