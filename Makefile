# Works with GNU make 3.81 (macOS). Every target sets up what it needs in $(VENV) first; a second time installs nothing.

VENV ?= .venv
# The first Python that Paddle has a wheel for; `make PYTHON=python3.12 ...` takes another.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$python && break; done)
SUITABLE = >=3.11,<3.14
RUN = $(VENV)/bin/python
READY = $(VENV)/.ready

.PHONY: help conformance test lint bench lessons docs lock clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

conformance: $(READY)  ## judge the installed Paddle and say where the report is
	@$(RUN) -m conformance run $(ARGS)

test: $(READY)  ## lint and run the project's own tests (ARGS=... goes to pytest)
	@$(MAKE) --no-print-directory lint; linted=$$?; \
		$(RUN) -m pytest -n 2 --doctest-modules $(ARGS) && exit $$linted

lint: $(READY)  ## ruff, import rules and types
	@$(RUN) -m ruff check
	@$(VENV)/bin/lint-imports --no-logo
	@$(RUN) -m mypy

bench: $(READY)  ## measure refimpl against Paddle's kernels, and the trial
	@$(RUN) -m benchmarks $(ARGS)

lessons: $(READY)  ## run every lesson and write its pages and figures
	@$(RUN) -m docs.lessons

docs: $(READY)  ## write the page of the references from their docstrings
	@$(RUN) -m docs.api

# First what the oldest Python can have, then the same versions on every Python and platform, with hashes.
lock:  ## renew requirements.lock (needs uv)
	@$(COMPILE) --upgrade
	@$(COMPILE) --universal --fork-strategy fewest --generate-hashes
COMPILE = uv pip compile -q pyproject.toml --extra paddle --extra dev --python-version 3.11 \
	--no-annotate --no-header -o requirements.lock

clean:  ## remove the virtual environment, caches and reports
	rm -rf $(VENV) conformance-report .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements.lock
	@test -n "$(PYTHON)" || command -v uv >/dev/null || { \
		echo "Python 3.11, 3.12 or 3.13 is needed (Paddle has no wheel for another) and none was found; python3 is" \
			"$$(python3 --version 2>&1). Install one, or name it: make PYTHON=/path/to/python3.12"; exit 2; }
	@$(or $(PYTHON),true) -c 'import sys; v = sys.version_info; (3, 11) <= v < (3, 14) or sys.exit("Python 3.11, 3.12 or " \
		"3.13 is needed (Paddle has no wheel for another); PYTHON=$(PYTHON) is %d.%d.%d" % v[:3])'
	@echo "Installing the pinned dependencies into $(VENV) (once; Paddle alone is about 190 MB) ..."
	@if command -v uv >/dev/null; then \
		uv venv -q --allow-existing --python "$(or $(PYTHON),$(SUITABLE))" $(VENV) && \
		uv pip install -q --python $(RUN) --require-hashes --no-build -r requirements.lock; \
	else \
		$(PYTHON) -m venv $(VENV) && \
		$(RUN) -m pip install -q --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock; \
	fi
	@touch $@
