# Everything is installed into .venv; a second call installs only what changed.
PYTHON ?= python3
VENV ?= .venv
OLDEST ?= .venv-oldest
BIN := $(VENV)/bin
PYTEST = -m pytest -n auto --dist loadgroup --no-loadscope-reorder
FAST := not slow and not gpu and not browser and not nightly

# Other processors, imitated by switches of torch, oneDNN and MKL; each with one thread and with two.
MACHINES := ATEN_CPU_CAPABILITY=default ATEN_CPU_CAPABILITY=avx2 \
            ONEDNN_MAX_CPU_ISA=SSE41 ONEDNN_MAX_CPU_ISA=AVX2 MKL_ENABLE_INSTRUCTIONS=SSE4_2
THREADS ?= 1 2
# The tests that compute. Training is left out where it takes thirty times as long: oneDNN has no kernels of SSE4.1 for
# the gradients of convolutions in channels-last layout.
NUMERIC := tests/evaluation tests/features tests/losses tests/metrics tests/models tests/poses \
           tests/test_export.py tests/test_generation.py tests/test_images.py tests/test_similarity.py

.PHONY: quickstart test test-fast test-machines test-oldest lint docs dist install dev clean

quickstart: install  ## make people, train, generate, evaluate, report (a few minutes on two CPU cores)
	$(BIN)/reposer quickstart --out quickstart

test: dev  ## all tests that run without a GPU, one at a time on each core
	OMP_NUM_THREADS=1 $(BIN)/python $(PYTEST) -m "not gpu and not nightly"

test-fast: dev  ## the working loop: no training, compilation or process that takes seconds
	OMP_NUM_THREADS=1 $(BIN)/python $(PYTEST) -m "$(FAST)"

# Workers times threads are the cores: threads of two programs on one core hold each other up.
test-machines: dev  ## the fast tests that compute, as other processors would run them
	@failed=; cores=$$($(BIN)/python -c 'import os; print(os.cpu_count())'); \
	for machine in $(MACHINES); do for threads in $(THREADS); do \
	  case $$machine in *=SSE41) training=;; *) training=tests/training;; esac; \
	  echo "== $$machine OMP_NUM_THREADS=$$threads"; \
	  env $$machine OMP_NUM_THREADS=$$threads $(BIN)/python $(PYTEST) -n $$((cores / threads)) \
	    -m "$(FAST)" $(NUMERIC) $$training \
	    || failed="$$failed\n  $$machine OMP_NUM_THREADS=$$threads"; \
	done; done; \
	if [ -n "$$failed" ]; then printf "failed under:$$failed\n"; exit 1; fi

test-oldest: $(OLDEST)/.installed  ## the fast tests with the lowest versions that pyproject.toml promises
	OMP_NUM_THREADS=1 $(OLDEST)/bin/python $(PYTEST) -m "$(FAST)"

lint: dev  ## style, types, and who imports whom
	$(BIN)/ruff check --no-cache . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

docs: dev  ## the documentation, into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict -q
	@echo "open site/index.html"

dist: dev  ## sdist and wheel, into dist/
	rm -rf build dist
	$(BIN)/python -m build --no-isolation

install: $(VENV)/.installed
dev: $(VENV)/.installed-dev

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -q -e .
	touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -q -e ".[dev]"
	touch $@ $(VENV)/.installed

$(OLDEST)/.installed: pyproject.toml tools/oldest.py
	$(PYTHON) -m venv --clear $(OLDEST)
	$(OLDEST)/bin/python -m pip install -q --upgrade pip
	$(OLDEST)/bin/python tools/oldest.py > $(OLDEST)/constraints.txt
	$(OLDEST)/bin/python -m pip install -q -e ".[dev]" -c $(OLDEST)/constraints.txt
	touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "reposer needs Python 3.11 or newer; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade pip

clean:
	rm -rf $(VENV) $(OLDEST) quickstart site build dist src/*.egg-info
