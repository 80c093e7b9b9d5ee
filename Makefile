PYTHON ?= python3
BIN := .venv/bin
LAWREC := $(BIN)/lawrec
PEERS ?=

.DEFAULT_GOAL := help
.PHONY: help run test test-fast fuzz check format docs translations man bench peers predict-env clean

help:  ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r target text; do printf 'make %-11s%s\n' "$$target" "$$text"; done

run: .venv/ready  ## Set up, then train on the invented cases, tune, evaluate and predict
	$(LAWREC) train
	$(LAWREC) tune-thresholds
	$(LAWREC) evaluate
	$(LAWREC) predict --format table < data/sample/facts.txt

test: .venv/ready  ## Set up, then run all tests
	$(BIN)/python -m pytest --numprocesses auto

test-fast: .venv/ready  ## Run the tests that need no TensorFlow, in seconds
	$(BIN)/python -m pytest --numprocesses auto -m "not tensorflow" tests

fuzz: .venv/ready  ## Try many random inputs, for minutes to hours
	$(BIN)/python -m pytest --numprocesses auto --hypothesis-profile fuzz --timeout 0 tests/fuzz

check: .venv/ready  ## Check format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy data/make_sample.py

format: .venv/ready  ## Format the code and fix what the linter can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: .venv/docs  ## Build the documentation site into site/
	$(BIN)/python docs/make_commands.py
	$(BIN)/zensical build --strict

man: .venv/docs  ## Write a man page per command into man/
	$(BIN)/python docs/make_man.py

translations: .venv/ready  ## Bring the catalogs of translations up to date
	$(BIN)/python docs/make_translations.py

bench: .venv/ready  ## Measure speed against named alternatives
	for benchmark in tests/benchmarks/bench_*.py; do $(BIN)/python $$benchmark || exit; done

peers: .venv-peers/ready  ## Compare with public peers, in an environment of their own: PEERS="--data FOLDER --slow"
	.venv-peers/bin/python -m tests.benchmarks.peers $(PEERS)

predict-env: .venv-predict/ready  ## Set up an environment for predicting alone, and predict there
	PATH="$(CURDIR)/.venv-predict/bin:$$PATH" bash .github/workflows/predict.sh data/sample/facts.txt

clean:  ## Delete everything that was built here, but no imported statute
	rm -rf .venv .venv-peers .venv-predict dist man site .cache data/records .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find vocab -mindepth 1 -maxdepth 1 -type d ! -name statutes -exec rm -rf {} +
	find checkpoints -mindepth 1 ! -name README.md ! -name criminal-law.lawrec -delete
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("lawrec needs Python 3.11, 3.12 or 3.13") if not (3, 11) <= sys.version_info < (3, 14) else 0'
	$(PYTHON) -m venv .venv || { echo "Install Python's venv first: apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

.venv/docs: .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[docs]'
	touch $@

.venv-predict/ready: requirements/predict.txt constraints.txt pyproject.toml
	$(PYTHON) -m venv .venv-predict || { echo "Install Python's venv first: apt-get install python3-venv" >&2; exit 1; }
	.venv-predict/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --requirement requirements/predict.txt
	.venv-predict/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

# If not all can be installed, one at a time: `make peers` reports what is missing, and measures the others.
.venv-peers/ready: requirements/peers.txt requirements/peers-constraints.txt constraints.txt
	$(PYTHON) -m venv .venv-peers || { echo "Install Python's venv first: apt-get install python3-venv" >&2; exit 1; }
	install() { .venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --constraint requirements/peers-constraints.txt "$$@"; }; \
	install --requirement requirements/peers.txt || grep '^[a-z]' requirements/peers.txt | while read -r package; do install "$$package" || echo "$$package could not be installed" >&2; done
	touch $@
