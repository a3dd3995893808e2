# `make` lists what there is. Every target sets up what it needs first.
VENV ?= .venv
export ATTAIN_HOME ?= $(CURDIR)/var
BIN := $(VENV)/bin
# Compiled modules are kept: without them every command spends five seconds more on imports.
unexport PYTHONDONTWRITEBYTECODE
COMPILE := $(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --quiet --upgrade \
    --no-emit-index-url --no-emit-find-links --no-annotate --no-header
.DEFAULT_GOAL := help
.PHONY: help setup run up test lint format bench soak lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:
	@VENV="$(VENV)" sh scripts/setup.sh

run: setup ## the main job: sample exports in, the real Airflow DAGs, a checked release out
	@$(BIN)/attain demo --if-empty
	@$(BIN)/attain airflow run

up: setup ## Airflow with its web interface; drop files into $(ATTAIN_HOME)/inbox
	@$(BIN)/attain demo --if-empty
	@$(BIN)/attain airflow up

test: setup ## all tests
	@$(BIN)/python -m pytest -n 2 --dist loadfile

lint: setup ## ruff, sqlfluff, mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/sqlfluff lint --processes 0 --disable-progress-bar dbt_project/models dbt_project/tests
	@$(BIN)/mypy

format: setup ## let ruff and sqlfluff write it their way
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/sqlfluff fix --processes 0 --disable-progress-bar dbt_project/models dbt_project/tests

bench: setup ## measure: ours against the plain engine, as ratios
	@$(BIN)/python bench/ingest.py
	@$(BIN)/python bench/pay.py

soak: setup ## hours, not minutes: more orders of arrival, more kills, 2,000 random plans and more (SOAK=20)
	@ATTAIN_SOAK=$(or $(SOAK),20) $(BIN)/python -m pytest tests/ingest/test_any_order.py tests/ingest/test_batches.py tests/reference/test_both_engines.py

lock: setup ## write the lock files anew from pyproject.toml and deploy/requirements-served.in
	@$(COMPILE) pyproject.toml --group dev -o requirements.lock
	@$(COMPILE) deploy/requirements-served.in -c requirements.lock -o requirements-served.lock
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > requirements-bootstrap.lock

clean: ## remove the environment and all state, releases and ledger included
	rm -rf $(VENV) var var-refusal
