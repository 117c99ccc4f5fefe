# `make demo` and `make test` set up everything they need; see README.md.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test check lint types wheel clean bench-promise

demo: $(READY)
	$(BIN)/paiban demo demo-shop

test: $(READY)
	$(BIN)/python -m pytest

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

wheel: $(READY)
	$(BIN)/python tests/wheel_in_clean_environment.py

check: lint types test wheel

$(READY): pyproject.toml
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	touch $(READY)

clean:
	rm -rf .venv dist build

bench-promise: $(READY)
	$(BIN)/python tests/bench/promise.py
