# Everything a person or CI does here. `make` alone lists it.
PYTHON  ?= python3
RUN     ?= params/demo-2026q3.yaml
TORCH   := torch==2.13.0
BIN     := .venv/bin
READY   := .venv/.ready
# No network but this machine's loopback, for a command and all that it starts.
OFFLINE := $(BIN)/python tests/offline.py
NOTEBOOKS := $(wildcard notebooks/[0-9][0-9]-*.ipynb)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help env lab report test notebooks lint format bench prove screenshots sbom audit lock clean

help:  ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: $(READY)  ## Make .venv and install everything, once

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if (3, 11) <= v < (3, 15) else f"Python {v[0]}.{v[1]} was found; cxresearch needs 3.11 to 3.14: install one and call it by name, as in make env PYTHON=python3.12.")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "This Python has no venv module; install it (on Debian and Ubuntu: apt install python3-venv) and call make again." >&2; exit 1; }
	@echo "Installing into .venv: about 2 GB and 3 to 5 minutes, once."
	@rm -f $(READY)
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install -qq --disable-pip-version-check --no-deps --only-binary :all: --require-hashes -r requirements.lock
	@$(BIN)/pip install -qq --disable-pip-version-check $(TORCH)
	@$(BIN)/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/pip check
	@touch $(READY)

# Where there is no screen, no browser is looked for; root is let in, for containers have nobody else.
LAB := $(if $(DISPLAY)$(WAYLAND_DISPLAY),,--no-browser) $(if $(filter 0,$(shell id -u)),--allow-root)

lab: env  ## Open JupyterLab on the notebooks
	$(BIN)/jupyter lab $(LAB) --LabApp.default_url=/lab/tree/notebooks

report: env  ## Make the report of a run file (RUN=params/demo-2026q3.yaml)
	@$(BIN)/cxresearch report $(RUN)

test: env  ## Run all tests: the package and its examples, then the notebooks
	$(OFFLINE) $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder
	$(OFFLINE) $(BIN)/pytest -o addopts= -n 2 --dist loadfile --nbval-lax --nbval-current-env $(NOTEBOOKS)

notebooks: env  ## Run every notebook afresh and keep only the outputs that nbval checks
	@printf '%s\n' $(NOTEBOOKS) | xargs -P 2 -I NOTEBOOK sh -c '$(BIN)/jupyter execute --inplace NOTEBOOK && \
	  $(BIN)/nbstripout --keep-count --keep-id --extra-keys metadata.language_info NOTEBOOK'

lint: env  ## Check style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: env  ## Put code and notebooks into house style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: env  ## Measure ours beside a named peer, and print the ratios
	$(BIN)/python tests/bench.py

prove: env  ## Hold the estimators to planted truth, at length; writes docs/validity.md
	$(BIN)/cxresearch prove

screenshots: env  ## Take the pictures of README from the demo report that `make report` made
	@$(BIN)/python tests/browser/screenshots.py

sbom: env  ## Write the bill of materials and the licences of what is locked
	$(BIN)/python tests/sbom.py

audit: env  ## Ask for known vulnerabilities of what is locked (exit code 3: not audited)
	@$(BIN)/python tests/audit.py

lock: env  ## Resolve the lock anew from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra torch --universal --generate-hashes --python-version 3.11 \
	  --no-emit-index-url --no-annotate --no-header --quiet --output-file requirements.lock

clean:  ## Remove reports and caches; the data and .venv stay
	rm -rf reports .cache .pytest_cache .mypy_cache .ruff_cache
