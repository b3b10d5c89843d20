# Everything starts here. `make demo` shows ask at work; `make test` proves that it works.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
LLM_STAMP := $(VENV)/.installed-llm
export HF_HUB_OFFLINE := 1
export TOKENIZERS_PARALLELISM := false

.PHONY: help demo test quick faults offline check types clean

help:  ## Say what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ask needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	mkdir -p .types/ask
	for part in indexer retriever generator cli data; do ln -sfn ../../$$part .types/ask/$$part; done
	# An installed package comes with its bytecode. A checkout has none, the processes that read files may not write any,
	# and some environments forbid it to all: every start would compile every module, 0.1 s a search.
	$(BIN)/python -m compileall -q indexer retriever generator cli
	touch $@

demo: $(STAMP)  ## Install, index the sample collection, ask it a question
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh scripts/demo.sh

# llama-cpp-python comes as source and compiles for 7 to 10 minutes, once; pip keeps what it built.
$(LLM_STAMP): $(STAMP)
	CMAKE_ARGS="$${CMAKE_ARGS:--DLLAVA_BUILD=OFF}" $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,llm]' \
		|| echo 'llama-cpp-python could not be installed: the tests that need it are skipped and say so'
	touch $@

test: $(LLM_STAMP)  ## Run every test
	$(BIN)/python -m pytest -n logical --dist loadfile

quick: $(STAMP)  ## Run the tests that take less than two minutes
	$(BIN)/python -m pytest -n logical --dist loadfile -m "not slow"

faults: $(STAMP)  ## Kill, damage and starve the index for hours (ONLY="kills soak" for some of it)
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh scripts/faults.sh

offline: $(LLM_STAMP)  ## Run the tests where there is no network, and see that nothing looks for one (Linux)
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh scripts/offline.sh

check: $(STAMP)  ## Style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p ask.indexer -p ask.retriever -p ask.generator -p ask.cli

clean:  ## Remove what was installed and made
	rm -rf $(VENV) .types .demo build *.egg-info
