# One word to work: `make` says in under a minute whether a change may stand.

PYTHON ?= $(firstword $(wildcard .venv/bin/python) python3)
CODE := ari_app tests $(wildcard scripts/*.py)
PYTEST := $(PYTHON) -m pytest

.DEFAULT_GOAL := check
.PHONY: check format format-check lint types layers pure fakes asterisk browser test build clean help

check: format-check lint types layers pure ## everything that takes less than a minute (the default)

format: ## rewrite the code in the house style
	$(PYTHON) -m ruff check --select I --fix --quiet $(CODE)
	$(PYTHON) -m ruff format $(CODE)

format-check: ## is the code in the house style?
	$(PYTHON) -m ruff format --check $(CODE)

lint: ## likely bugs and bad habits
	$(PYTHON) -m ruff check $(CODE)

types: ## strict types
	$(PYTHON) -m mypy

layers: ## do imports run one way, are the pure rooms pure?
	$(PYTEST) -q tests/pure/test_layers.py

pure: ## the pure ring of tests (milliseconds each), without its longest files
	$(PYTEST) -q -m "pure and not long" --hypothesis-profile=quick -n auto --deselect tests/pure/test_layers.py tests/pure

fakes: ## the ring of in-process fakes, SQLite and local sockets
	$(PYTEST) -q -m fakes tests/fakes

asterisk: ## the ring of real calls; needs an Asterisk (scripts/setup)
	$(PYTEST) -q -m asterisk tests/asterisk

browser: ## the ring of web pages in a real browser
	$(PYTEST) -q -m browser tests/browser

test: check ## every ring that has tests
	$(PYTEST) -q -m "not pure"

build: ## wheel and source archive in dist/
	$(PYTHON) -m pip wheel --no-deps --wheel-dir dist .

clean: ## remove what the tools left; the environment and what the product wrote stay
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find ari_app tests -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14
