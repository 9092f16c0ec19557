.DEFAULT_GOAL := help
.PHONY: help setup demo up check test faults fuzz notebook bench lint fmt docs pictures model

PYTHON ?= python3
BIN := .venv/bin

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 10

setup: .venv/ready ## create the virtual environment .venv with pinned requirements

.venv/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Lichtbild needs Python 3.11 or newer. Name it: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: setup ## start everything, ingest 600 sample photos, search them three ways, stop everything
	$(BIN)/lichtbild demo

up: setup ## start everything with the demo model; it runs until Ctrl-C
	$(BIN)/lichtbild up --model demo

# These start no stack and no model of full size, but for those that are marked slow.
UNIT_TESTS := tests/test_import_arrows.py tests/shared tests/api/intake tests/lichtbild/test_*.py \
	tests/worker/fetch tests/worker/images tests/worker/ingest tests/worker/search tests/worker/upkeep
# Tests of one file, and all tests of the shared stack, stay in one process: tests/scheduling.py.
PARALLEL := --numprocesses 2 --no-loadscope-reorder

check: lint ## check format, style, types and import arrows, and run the unit tests: a minute or two
	$(BIN)/python -m pytest --quiet $(PARALLEL) -m "not slow" $(UNIT_TESTS)

# `make test ORDER=random` runs the tests in random order and prints the seed; ORDER=1234 repeats the order of that seed.
ORDER ?=
RANDOM_ORDER := $(if $(ORDER),-p randomly $(if $(filter-out random,$(ORDER)),--randomly-seed $(ORDER)))

test: setup ## run all tests; ORDER=random shuffles them
	$(BIN)/python -m pytest --quiet $(PARALLEL) $(RANDOM_ORDER)

faults: setup ## run the fault tests at full size and print their transcript: about a quarter of an hour
	FAULTS=full $(BIN)/python -m pytest --quiet --timeout 1800 tests/faults

fuzz: setup ## send what the OpenAPI document allows and forbids to the API, for ten minutes
	FUZZ_SECONDS=600 $(BIN)/python -m pytest --quiet tests/api/fuzzing

notebook: setup ## take the picture of a notebook in docs/, with the demo model: half a minute
	$(BIN)/python -m tests.notebook docs/notebook.png

FIGURES := encoder batcher_overhead pipeline scaling reduced_decode renditions thumbnails ledger_memory search catalogue fusion relevance

bench: $(FIGURES:%=bench-%) ## measure every figure of the docs, into build/: about an hour and a half on a quiet machine

# One of them: make bench-search
bench-%: setup
	@mkdir -p build
	$(BIN)/python -m benchmarks.$* --json build/$*.json

bench-catalogue: bench-peer

bench-peer: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,bench]'

lint: setup ## check format, style, types and import arrows
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

fmt: setup ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: setup ## update the generated parts of docs/: the table of settings, the OpenAPI document, the drawing of the rooms
	$(BIN)/python -m shared.settings_table docs/operating.md
	$(BIN)/python -m api.openapi_file docs/openapi.json
	$(BIN)/python -m tests.rooms docs/rooms.md

pictures: setup ## take the pictures of the page for the docs; needs Chromium
	$(BIN)/python -m tests.browser.docs_pictures docs

model: setup ## train the demo model again, about 40 minutes, into build/lichtbild-demo, and print its scores
	$(BIN)/python -m embedded.demo_model.train --out build/first-round --minutes 26
	$(BIN)/python -m embedded.demo_model.train --out build/lichtbild-demo --resume build/first-round --minutes 8 --rate 6e-4
	$(BIN)/python -m embedded.demo_model.evaluate --model build/lichtbild-demo
