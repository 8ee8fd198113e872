# Two commands for a fresh clone with nothing but Python 3.11 or newer and make:
#
#   make demo    set everything up, then train a network with two SE gates on real digits (about a minute)
#   make test    set everything up, then run the tests (under five minutes)
#
# Everything lands in .venv and runs/; `rm -rf .venv` undoes it.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(firstword $(foreach name, python3 python python3.14 python3.13 python3.12 python3.11, \
  $(shell $(name) -c 'import sys; sys.version_info >= (3, 11) and print("$(name)")' 2>/dev/null)))
EDITORS := .cache/yaml-language-server
LIGHT := .cache/light
LIGHT_INSTALL = $(LIGHT)/bin/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt
# 2.0 asks for a newer Node.js than Debian 12 has.
LANGUAGE_SERVER := yaml-language-server@1.25.0
INSTALL = $(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test lint format types contracts slow light editors fuzz docs site check clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 12

demo: $(VENV)/installed  ## set up, then train AlexNet with two SE gates on digits
	$(BIN)/archcli train archs/alexse_both.yaml --data digits

test: $(VENV)/installed-dev  ## set up, then run the tests
	$(BIN)/python -m pytest -n 2 --dist worksteal

slow: $(VENV)/installed-dev  ## the tests that take longer; ARCHCLI_CIFAR10=FOLDER adds those on real CIFAR-10
	$(BIN)/python -m pytest -n 2 --dist worksteal -m slow --durations=15 || test $$? -eq 5  # 5: there are none

light: $(VENV)/installed-dev  ## install what needs no PyTorch into an environment of its own, and try it there
	$(BIN)/python -m venv --clear $(LIGHT)
	$(LIGHT_INSTALL) pydantic pyyaml typer graphviz-pure
	rm -rf build  # what another version left there would be installed too
	$(LIGHT_INSTALL) --no-deps .
	ARCHCLI_LIGHT=$(LIGHT)/bin $(BIN)/python -m pytest -m slow tests/journeys/test_without_torch.py
	$(LIGHT_INSTALL) --no-deps numpy scipy filelock
	ARCHCLI_LIGHT_STUDIES=$(LIGHT)/bin $(BIN)/python -m pytest -m slow tests/journeys/test_without_torch.py

editors:  ## install yaml-language-server from npm, for the slow tests of what editors show
	npm install --prefix $(EDITORS) --no-save --no-fund --no-audit --loglevel=error $(LANGUAGE_SERVER)

fuzz: $(VENV)/installed-dev  ## look for files of ten kinds that are neither read nor answered, some seconds each
	$(INSTALL) --editable '.[dev,fuzz]' --quiet
	$(BIN)/python -m benchmarks.fuzzing --seconds 7 --seed 1 --jobs 2
	$(BIN)/python -m pytest -n 2 -m slow tests/benchmarks/test_fuzzing.py  # planted mistakes are found

lint: $(VENV)/installed-dev  ## style, format, docstrings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/interrogate builder tests cli.py

format: $(VENV)/installed-dev  ## let ruff repair what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/installed-dev  ## mypy, strict
	$(BIN)/mypy

contracts: $(VENV)/installed-dev  ## the rooms depend downwards only
	$(BIN)/lint-imports

site: $(VENV)/installed-dev  ## build the documentation as a site, which works without a network
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "open .cache/site/index.html"

docs: $(VENV)/installed  ## draw the figures of the documentation again, and write its page of results
	$(BIN)/python benchmarks/figures.py
	$(BIN)/python -m benchmarks.lab --page-only

check: test lint types contracts site light editors slow fuzz  ## everything that CI runs

clean:  ## remove what the tools left behind; runs/ stays
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .cache

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "archcli needs Python 3.11 or newer, and none was found; make PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing PyTorch and the rest into $(VENV): some gigabytes, a few minutes, once"
	$(INSTALL) --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(INSTALL) --editable '.[dev,studies]'
	@touch $@
