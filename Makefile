# One command for each thing a person does here. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/sh

# The first Python of 3.11 or newer that can make virtual environments; choose one with PYTHON=...
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
NEWEST := 2023
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help report test soak bench lab lint schema examples lock clean
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with venv is needed; none was found. Install it, or give PYTHON=path." >&2; exit 2; }
	@echo "Setting up $(VENV) (once, a minute or two) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --no-index --editable .
	@touch $@

report: $(READY) ## Set up everything, run the newest example year, and say where its appendices are
	@$(BIN)/analysis run $(NEWEST)

test: $(READY) ## Set up everything and run all tests
	@$(BIN)/python -m pytest --quiet --numprocesses 2 --maxschedchunk 1

soak: $(READY) ## Run the long campaigns: hundreds of random surveys and damaged files (ten minutes or so)
	@SOAK=1 $(BIN)/python -m pytest --quiet --numprocesses 2 --maxschedchunk 1 \
		tests/intake/test_generated.py tests/intake/test_damaged.py tests/browser \
		tests/pipeline/test_faults.py tests/notebooks/test_engines.py tests/report/test_same_blocks.py

bench: $(READY) ## Measure speed and memory against other ways of doing the same (half an hour)
	@$(BIN)/python benchmarks/intake.py
	@$(BIN)/python benchmarks/counts.py
	@$(BIN)/python benchmarks/appendix.py
	@$(BIN)/python benchmarks/pipeline.py
	@$(BIN)/python benchmarks/country.py
	@$(BIN)/python benchmarks/year.py --rows 1000000

lab: $(READY) ## Open JupyterLab in the notebooks
	@$(BIN)/jupyter lab notebooks

lint: $(READY) ## Check style, types and the order of the rooms
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

schema: $(READY) ## Write the JSON Schema of survey.yaml from the models
	@$(BIN)/python -c 'from analysis.survey.instrument import schema_json; print(schema_json(), end="")' > data/reference/survey.schema.json

examples: $(READY) ## Write the synthetic example years anew
	@$(BIN)/python examples/generate.py

lock: $(READY) ## Pin newer versions of everything in requirements.lock (needs a network)
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/python -m uv pip compile --quiet --universal --generate-hashes --upgrade --python-version 3.11 --extra dev --extra cluster \
		--no-emit-index-url --no-emit-find-links pyproject.toml --output-file requirements.lock

clean: ## Remove what runs have written (raw data and the set-up stay)
	@rm -rf .analysis data/processed/[0-9]* outputs/[0-9]* outputs/index.html
