# make run    set up, train on the invented cases, tune, evaluate, and recommend articles
# make test   set up, run the tests
# make check  format, lint and types
# make bench  measure speed against named alternatives
# make clean  delete what was built here

PYTHON ?= python3
BIN := .venv/bin
LAWREC := $(BIN)/lawrec

.PHONY: run test check bench clean

run: .venv/ready
	$(LAWREC) train
	$(LAWREC) tune-thresholds
	$(LAWREC) evaluate
	$(LAWREC) predict --output table < data/sample/facts.txt

test: .venv/ready
	$(BIN)/python -m pytest --numprocesses auto

check: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy data/make_sample.py

bench: .venv/ready
	for benchmark in tests/benchmarks/bench_*.py; do $(BIN)/python $$benchmark || exit; done

clean:
	rm -rf .venv dist data/records vocab/*/ .mypy_cache .pytest_cache .ruff_cache
	find checkpoints -mindepth 1 ! -name README.md -delete
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("lawrec needs Python 3.11 or newer") if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv .venv || { echo "Install Python's venv first: apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@
