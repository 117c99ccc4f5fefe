# `make demo` and `make test` set up everything they need; see README.md.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready
INSTANCES ?= $(wildcard ../shared/data/roster/Instance*.txt)
SECONDS_EACH ?= 60

.PHONY: demo test check lint types wheel clean peers bench-logs bench-forecast bench-staffing bench-roster bench-report bench-promise bench-contingency bench-compare

demo: $(READY)
	$(BIN)/paiban demo demo-shop

test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

wheel: $(READY)
	$(BIN)/python tests/wheel_in_clean_environment.py

peers:
	test -d .venv-peers || $(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet statsforecast prophet lightgbm simpy ciw polars duckdb pandas

bench-logs: $(READY)
	$(BIN)/python tests/bench/logs.py

bench-forecast: $(READY)
	$(BIN)/python tests/bench/forecast_peers.py
	$(BIN)/python tests/bench/forecast_cpu.py
	$(BIN)/python tests/bench/forecast_promotions.py
	$(BIN)/python tests/bench/forecast_today.py

bench-staffing: $(READY)
	$(BIN)/python tests/bench/service_model.py
	$(BIN)/python tests/bench/service_parts.py
	$(BIN)/python tests/bench/simulator_speed.py
	$(BIN)/python tests/bench/staffing_days.py

bench-roster: $(READY)
	$(BIN)/python tests/bench/roster_team.py 20x7 50x7 50x28 200x7 1000x7
	$(BIN)/python tests/bench/roster_replan.py
	$(BIN)/python tests/bench/roster_conflicts.py
	for file in $(INSTANCES); do $(BIN)/python tests/bench/shift_scheduling.py $$file --seconds $(SECONDS_EACH) --out /dev/null || exit 1; done

bench-report: $(READY)
	$(BIN)/python tests/bench/report_load.py

bench-promise: $(READY)
	$(BIN)/python tests/bench/promise.py

bench-contingency: $(READY)
	$(BIN)/python tests/bench/contingency.py

bench-compare: $(READY)
	$(BIN)/python tests/bench/compare_time.py

check: lint types test wheel

$(READY): pyproject.toml
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	$(BIN)/python -m compileall -q forecast scheduling reports
	$(BIN)/python -m scheduling.compile_ahead
	touch $(READY)

clean:
	rm -rf .venv dist build
