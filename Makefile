# The Python to install with; without one, the first on the PATH that is new enough.
PYTHON ?=
BIN := .venv/bin
PIP := workflow/environment.sh pip install --quiet

.PHONY: reproduce demo test lint benchmark stress site lock install run venv

reproduce: run
	$(BIN)/snakemake --cores 8 all

# A minute, without training: two published networks on 200 CIFAR-10 images, a figure of the committed runs, their page.
FEW := --no-autoattack --set data.cifar10.num_test=200
PAGE := file://$(CURDIR)/results/mini/report.html
demo: run
	@$(BIN)/sglr judge mini/cifar10-at-s0-final $(FEW)
	@$(BIN)/sglr judge mini/cifar10-sglr_released-s0-final $(FEW)
	@$(BIN)/sglr draw figure2 --scale mini --figures build
	@$(BIN)/sglr report --scale mini > build/mini/report.log
	@echo "A figure: build/mini/figure2.png. The page: $(PAGE)"
	@test -z "$$DISPLAY$$WAYLAND_DISPLAY" || $(BIN)/python -m webbrowser "$(PAGE)"

test: install
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

benchmark: install
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.plan_size

stress: install
	$(BIN)/python -m stress
	$(BIN)/python -m stress.rot

# The documentation in build/site; a warning, such as a link to no page, is an error.
site: .venv/site/.installed
	.venv/site/bin/python -m docs.site build/site

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow/Snakefile workflow/rules
	$(BIN)/snakemake --lint

# Every package at the version and with the hash of requirements.lock, which is renewed by this from pyproject.toml's pins.
lock: install
	$(BIN)/python workflow/lock.py

install: venv
	@$(MAKE) --no-print-directory .venv/.installed .venv/site/.installed

# What running needs, without what tests need.
run: venv
	@$(MAKE) --no-print-directory .venv/.locked

# A .venv that cannot be used is taken away before make looks at what is in it.
venv:
	@workflow/environment.sh venv "$(PYTHON)"

# By the lock where it was made for this Python and machine, else by the pins alone.
.venv/.locked: pyproject.toml requirements.lock
	if $(BIN)/python workflow/lock.py fits; \
	then $(PIP) --require-hashes --requirement requirements.lock; fi
	$(PIP) --editable .
	touch $@

# What tests need besides; what asks for other versions has an environment of its own. Snakedeploy refuses 3.13.
.venv/.installed: .venv/.locked
	$(PIP) --editable ".[test]"
	$(BIN)/python -m venv .venv/tools
	.venv/tools/bin/pip install --quiet roc-validator==0.13.0 "snakedeploy==0.17.1; python_version < '3.13'"
	touch $@

# The site reads sources alone, and needs nothing else of the package's environment.
.venv/site/.installed: .venv/.locked
	$(BIN)/python -m venv .venv/site
	.venv/site/bin/pip install --quiet $$($(BIN)/python workflow/lock.py extra docs)
	touch $@
