# Verbs of the project. The first that needs Python sets up .venv from the locked requirements.

SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin
RUN := .venv/.installed-run
DEV := .venv/.installed-dev
ARGS ?=

.PHONY: help demo test test-fast chaos lint format bench docs lock clean

help: ## show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(RUN) ## a courier's day on accelerated time, nothing else to install (two minutes)
	@$(BIN)/python -m sla_engine.cli.compile
	@$(BIN)/sla-engine demo $(ARGS)

test: $(DEV) ## every test, on real Redis and Kafka (skips what is missing, fails in CI)
	@$(BIN)/python -m sla_engine.cli.compile
	@$(BIN)/python -m pytest --ignore tests/chaos -n 2 --dist loadfile --durations 25 $(ARGS)

chaos: $(DEV) ## kill -9, frozen workers, servers set back: minutes, on real Kafka and Redis
	@$(BIN)/python -m sla_engine.cli.compile
	@$(BIN)/python -m pytest tests/chaos $(ARGS)

test-fast: $(DEV) ## the tests that need no server, under a minute
	@$(BIN)/python -m sla_engine.cli.compile
	@$(BIN)/python -m pytest --ignore tests/chaos -m "not kafka and not redis and not slow" $(ARGS)

lint: $(DEV) ## style, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(DEV) ## lay the code out as `lint` wants it
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(DEV) ## measure throughput, lateness and memory (ARGS=--help lists the benchmarks)
	@$(BIN)/python -m benchmarks $(ARGS)

docs: $(DEV) ## write the generated tables, then run every example of README and docs
	@$(BIN)/python scripts/render_docs.py
	@$(BIN)/python -m pytest tests/docs $(ARGS)

lock: $(DEV) ## pin the newest versions that pyproject.toml allows (ARGS=--upgrade), with hashes
	@scripts/lock $(ARGS)

clean: ## remove what was built and cached, and .venv
	@rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN): requirements/run.txt pyproject.toml
	@scripts/setup run

$(DEV): requirements/dev.txt pyproject.toml
	@scripts/setup dev
