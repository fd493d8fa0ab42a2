# Nothing but Python is needed: bootstrap.py brings the rest into .venv.
#   make demo                    two weeks of the simulated feed, from raw to gold
#   make databricks-check        what a Databricks workspace lacks to be the target
#   make bench QUICK=--quick     every performance goal in minutes; without it, an hour
#   make ui UI_PORT=3001         the web UI, on another port than 3000
#   make docs                    generated pages, and all pages as a site in site/
#   make test-unit               the tests that need no Java; `make test` runs those of every part,
#                                and `make test-all` has every case
#   make test PYTHON=python3.12  with another Python than python3

PYTHON ?= python3

.PHONY: setup demo test-unit test test-all test-exhaustive ui check docs bench databricks-check clean

setup:
	@"$(PYTHON)" -c "import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))" 2>/dev/null || { \
	  found=$$("$(PYTHON)" --version 2>&1) || found="not there"; \
	  echo "Python 3.10 to 3.13 is needed and $(PYTHON) is $$found: name another as in: make PYTHON=python3.12" >&2; \
	  exit 1; \
	}
	@"$(PYTHON)" bootstrap.py

demo: setup
	@.venv/bin/neo-assets demo

# Each worker has a Spark of its own, with up to 5 GB.
PYTEST = .venv/bin/python -m pytest --numprocesses 2

test-unit: setup
	@$(PYTEST) -m unit --cov neo_assets --cov-report term:skip-covered

test: setup
	@$(PYTEST) -m "unit or integration"

test-all: setup
	@$(PYTEST)

# What CI runs after `make test`; what remains is in `make test-all` alone.
test-exhaustive: setup
	@$(PYTEST) -m exhaustive

ui: setup
	@exec .venv/bin/neo-assets ui $(if $(UI_PORT),--port $(UI_PORT))

check: setup
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo
	.venv/bin/codespell *.md *.py docs lakeview/*.py powerbi/*.md powerbi/*.py neo_assets neo_assets_tests benchmarks
	.venv/bin/dagster definitions validate -w workspace.yaml
	.venv/bin/dg check defs

docs: setup
	@.venv/bin/python -m docs.settings_page
	@.venv/bin/python -m docs.reference
	@.venv/bin/sphinx-build -q -W --keep-going docs site
	@echo "The site is site/index.html."

bench: setup
	.venv/bin/python -m benchmarks $(QUICK)

databricks-check: setup
	@.venv/bin/neo-assets databricks-check

clean:
	rm -rf .venv
