# The environment is made in .venv when it is missing; all that must be there is Python 3.11 to 3.15 and make.
# Another interpreter: make run PYTHON=python3.13

PYTHON ?= python3
ARGS ?=
WORKERS ?= 3

BIN := .venv/bin
READY := .venv/.ready
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check
# On Linux the usual index may hand out a torch with 3 GB of CUDA libraries, for nothing where there is no such card.
CPU_INDEX := https://download.pytorch.org/whl/cpu
PYTEST = OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

.PHONY: run test test-all check bench soak pictures catalogue clean

run: $(READY)  ## start the app: make run ARGS="--experiment one-pair"
	@$(BIN)/adder-tui $(ARGS)

test: $(READY)  ## all tests but the slow ones: make test ARGS="tests/tui -x"; to debug, WORKERS=0
	$(PYTEST) -m "not slow" $(ARGS)

test-all: $(READY)  ## the slow ones too: real terminals, kills, random keys, the long runs of the lessons
	$(PYTEST) $(ARGS)

check: $(READY)  ## lint, layout, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: $(READY)  ## the figures that the README quotes, each beside its rival
	@$(BIN)/python -m compileall -q adder_engine adder_tui
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks $(ARGS)

soak: $(READY)  ## hours of everything at once; shortened: make soak ARGS="--events 2000 --minutes 2 --kills 20 --class-minutes 1"
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.soak $(ARGS)

pictures: $(READY)  ## draw the README's pictures from the running program
	COLORTERM=truecolor $(BIN)/python -m docs.picture

catalogue: $(READY)  ## gather the program's sentences for translators: adder_engine/locale/adder.pot
	$(BIN)/python -m docs.catalogue

clean:  ## remove whatever can be made again
	rm -rf .venv build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 16))' || { \
	    echo "adder-tui needs Python 3.11 to 3.15, and $(PYTHON) is another one or missing: make PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up .venv with $(PYTHON); the first time takes a minute or two."
	@$(PYTHON) -m venv .venv
	@if [ "$$(uname)" = Linux ] && [ ! -e /dev/nvidia0 ]; then \
	    if $(PIP) --retries 0 --timeout 5 -c constraints.txt --index-url $(CPU_INDEX) torch 2>/dev/null; \
	    then echo "torch comes from PyTorch's CPU index."; \
	    else echo "PyTorch's CPU index was not reached: torch comes from the usual index."; fi; fi
	@$(PIP) -c constraints.txt -e '.[dev]'
	@$(BIN)/python -m compileall -q adder_engine adder_tui
	@$(BIN)/python -m adder_engine.warm_up
	@touch $@
