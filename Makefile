# The two commands of the README are `make serve` and `make test`; each sets up what it needs.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: setup serve camera test test-aiortc check bench clean

setup: .venv/.complete

serve: .venv/.serving
	$(BIN)/avatar serve $(ARGS)

camera: .venv/.camera
	$(BIN)/avatar camera $(ARGS)

test: .venv/.complete
	$(BIN)/python -m pytest $(ARGS)

# With the lowest and the highest aiortc that pyproject.toml allows, from PyPI.
test-aiortc: .venv/.complete
	$(BIN)/python -m tests.aiortc_versions

check: .venv/.complete
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/.serving
	$(BIN)/avatar bench $(ARGS)

clean:
	rm -rf .venv build dist

.venv/bin/python:
	$(PYTHON) -m venv .venv

# Serving needs no more than the base packages; training and tests bring the rest.
.venv/.serving: .venv/bin/python pyproject.toml
	$(PIP) --editable .
	touch $@

.venv/.camera: .venv/bin/python pyproject.toml
	$(PIP) --editable '.[camera]'
	touch $@ .venv/.serving

.venv/.complete: .venv/bin/python pyproject.toml
	$(PIP) --editable '.[train,camera,dev]'
	touch $@ .venv/.serving .venv/.camera
