# Needs python3 (3.11 to 3.13) with venv, and make; everything else goes into .venv.
# PYTHON=python3.12 names another Python; ARGS='...' goes to the command that is run.

.DEFAULT_GOAL := help

PYTHON ?= python3
UV ?= uv
ARGS ?=
BIN := .venv/bin
RUNTIME := .venv/.runtime-installed
DEV := .venv/.dev-installed
COMPILE := pip compile pyproject.toml --universal --python-version 3.11 --quiet \
	--generate-hashes --no-emit-index-url --no-emit-find-links \
	--annotation-style line --custom-compile-command "make lock"

.PHONY: help
help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | \
		awk -F '|' '{ printf "%-20s %s\n", $$1, $$2 }'

.PHONY: demo
demo: $(RUNTIME) ## run everything embedded on sample mails, and show it
	@$(BIN)/claims demo $(ARGS)

.PHONY: run
run: $(RUNTIME) ## run the worker with the settings of the environment and .env
	@$(BIN)/claims serve $(ARGS)

.PHONY: replay
replay: $(RUNTIME) ## show what the worker makes of a mail: make replay MAIL=file.eml
	@test -n "$(MAIL)" || { echo "Name a mail: make replay MAIL=file.eml" >&2; exit 2; }
	@$(BIN)/claims inspect $(MAIL) $(ARGS)

.PHONY: lint
lint: $(DEV) ## format, lint, types, import contracts
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: check
check: lint ## the same, and the fast tests; before every commit
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not services and not slow and not chaos" $(ARGS)

.PHONY: fix
fix: $(DEV) ## format the code and repair what ruff can
	$(BIN)/ruff check --fix --exit-zero
	$(BIN)/ruff format

.PHONY: fast
fast: $(DEV) ## the fast tests only, as in make fast ARGS='-k money -x'
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not services and not slow and not chaos" $(ARGS)

.PHONY: test
test: $(DEV) ## all tests, with real mail, Redis and database servers
	@tools/bootstrap.sh servers
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not chaos" $(ARGS)

.PHONY: chaos
chaos: $(DEV) ## break everything, and show what held; half an hour
	@tools/bootstrap.sh servers
	@PYTHONPATH=. $(BIN)/python -m tests.chaos $(ARGS)

.PHONY: bench
bench: $(DEV) ## measure everything against its peers, and write docs/bench
	@tools/bootstrap.sh peers
	@$(BIN)/python -m bench table $(ARGS)

.PHONY: bench-smoke
bench-smoke: $(DEV) ## run each measurement once, tiny: only for breakage; 80 seconds
	@tools/bootstrap.sh peers
	@$(BIN)/python -m bench table --smoke $(ARGS)

.PHONY: lock
lock: ## choose package versions anew after a change in pyproject.toml; needs uv
	$(UV) $(COMPILE) --extra dkim --extra ocr --group dev --output-file requirements-dev.lock $(ARGS)
	printf 'editables\nhatchling\n' | $(UV) $(COMPILE) - \
		--constraint requirements-dev.lock --output-file requirements.lock $(ARGS)

.PHONY: messages
messages: $(DEV) ## list the sentences of the e-mails that lack a translation
	.venv/bin/python tools/messages.py

.PHONY: pictures
pictures: $(DEV) ## make the pictures of the e-mails in the docs anew; needs chromium
	.venv/bin/python tools/email_pictures.py

.PHONY: desk-pictures
desk-pictures: $(DEV) ## take the pictures of the desk in docs/img anew; needs Chromium
	PYTHONPATH=. $(BIN)/python tools/desk_pictures.py

.PHONY: clean
clean: ## remove .venv, caches and build output
	rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache \
		build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUNTIME): requirements.lock pyproject.toml tools/bootstrap.sh
	@PYTHON=$(PYTHON) tools/bootstrap.sh runtime
	@touch $@

# The development lock holds all of the other one, at the same versions.
$(DEV): requirements-dev.lock pyproject.toml tools/bootstrap.sh
	@PYTHON=$(PYTHON) tools/bootstrap.sh dev
	@touch $(RUNTIME) $@
