# make setup | make demo | make test    (also: make lint, make types, make contracts, make unit)
# Each builds .venv when it is missing or older than what it is made from; all are safe to run twice.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: setup demo test lint types contracts unit clean

setup: $(READY)

# torch goes first and by itself: with a build of it in place no other package pulls in another (README, "Install").
$(READY): pyproject.toml docker/constraints.txt
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Lapwing needs Python 3.11 or newer; set PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint docker/constraints.txt torch
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint docker/constraints.txt --editable '.[embedded,dev]'
	touch $@

demo: $(READY)
	$(BIN)/lapwing demo

test: lint types contracts unit

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

contracts: $(READY)
	$(BIN)/lint-imports

# In the order of the folders: those that start whole programs come first, so that none of them is left at the end.
# Those that start programs measure out real seconds, and a machine whose cores are all busy can withhold them: what fails
# is run once more with the machine to itself, and must pass. Both runs are shown.
unit: $(READY)
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder || { \
	    echo "Once more, one by one: what failed with all cores busy."; \
	    $(BIN)/python -m pytest -p no:xdist --last-failed --last-failed-no-failures none; }

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info build
