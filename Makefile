# Everything works on a fresh machine that has Python 3.11 or newer with venv, make, and a package index.
#   make demo    a small image, its SBOM, a feed database, the findings
#   make test    the test suite
#   make check   lint and types
#   make long    the long forms of fuzzing, fault and differential tests, and the largest images: make long SEED=7 COUNT=100000
#   make bench   the benchmarks (ratios against peers and physical limits)

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SEED ?= 1
COUNT ?= 20000

.PHONY: demo test check long bench clean

# The tools alone; the stamp is renewed when the project's dependencies change.
$(VENV)/tools: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

# And what the tests need.
$(VENV)/dev: $(VENV)/tools
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# And what the long tests need beside: Spark, and the jars of Delta Lake from Maven Central. It runs where there is Java 17 or 21.
$(VENV)/spark: $(VENV)/dev tests/support/delta.py
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,spark]'
	$(BIN)/python -m tests.support.delta build/delta
	touch $@

demo: $(VENV)/tools
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh tests/demo/demo.sh

test: $(VENV)/dev
	$(BIN)/python -m pytest --numprocesses=auto

check: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

long: $(VENV)/spark
	SBOMPAIR_SEED=$(SEED) SBOMPAIR_COUNT=$(COUNT) $(BIN)/python -m pytest -m long --hypothesis-seed=$(SEED) --numprocesses=auto

bench: $(VENV)/dev
	$(BIN)/python -m tests.benchmarks

clean:
	rm -rf $(VENV) build dist .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
