# `make` alone says what there is. Everything is done by the scripts in infra/setup.
.DEFAULT_GOAL := help
.PHONY: help setup run test bench types docs lint format lock clean
SHELL := /bin/bash
BIN := .venv/bin

help: ## Show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what is missing: Debian packages, .venv, Kafka's jars
	@infra/setup/setup.sh

run: setup ## Start the pipeline and follow alerts; Ctrl-C stops it
	@infra/setup/as-root.sh $(BIN)/deedlog up --follow

test: ## Run every check and test
	@infra/setup/setup.sh test
	@infra/setup/test.sh

bench: ## Measure, and print the table
	@infra/setup/setup.sh bench
	@infra/setup/as-root.sh $(BIN)/python -m benchmarks

types: setup ## Make schemas/types from the .avsc files
	@$(BIN)/python -m schemas.generate

docs: setup ## Make the pages of docs/reference from the code
	@$(BIN)/python -m schemas.reference
	@$(BIN)/python -m streams.detection.reference > docs/reference/fields.md
	@$(BIN)/python -m streams.lifecycles.diagrams
	@$(BIN)/python -m infra.cli.reference
	@$(BIN)/python -m infra.cli.artifact.reference

lint: setup ## Run the checks that need no tests: ruff, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: setup ## Write requirements.txt anew from pyproject.toml
	@$(BIN)/uv pip compile -q --universal --generate-hashes --extra dev --python-version 3.11 \
	    --custom-compile-command "make lock" pyproject.toml -o requirements.txt
	@$(BIN)/uv pip compile -q --universal --generate-hashes --custom-compile-command "make lock" \
	    infra/setup/uv.in -o infra/setup/uv.txt

clean: ## Remove all that was made here; what the pipeline recorded stays in its home
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
