PYTHON ?= python3
BIN := .venv/bin

.PHONY: reproduce test lint benchmark stress install

reproduce: install
	$(BIN)/snakemake --cores 8 all

test: install
	$(BIN)/python -m pytest -q

benchmark: install
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.plan_size

stress: install
	$(BIN)/python -m stress

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/snakemake --lint

install: .venv/.installed

.venv/.installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable ".[test]"
	touch $@
