# davbridge. "make run" starts it, "make test" tests it, "make help" lists the rest.

PYTHON ?= $(firstword $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p; done))
# Processes of "make test": one more than cores, since many tests wait for servers, but no more than 8; 0: all in one.
JOBS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); [ $$n -lt 7 ] && echo $$((n + 1)) || echo 8)
PYTEST_ARGS ?=
# What "make bench" measures; for a quick look: make bench BENCH_ARGS='--n 1000'.
BENCH_ARGS ?= --n 1000 --n 10000 --growth 100000
# What "make bench-sync" measures; for a quick look: make bench-sync BENCH_SYNC_ARGS='--n 200 --memory 1000'.
BENCH_SYNC_ARGS ?= --n 2000 --filled 10000 --memory 10000
# What "make bench-pages" measures; for a quick look: make bench-pages BENCH_PAGES_ARGS='--rounds 5 --many 0'.
BENCH_PAGES_ARGS ?=
# How long "make soak" lasts, and what it draws; for a quick look: make soak SOAK_ARGS='--minutes 1'.
SOAK_ARGS ?= --minutes 10
# How many histories of two sides in sync "make soak" plays; "make test" plays 2,000.
SOAK_HISTORIES ?= 20000

BIN := .venv/bin
VENV := .venv/made
RUN := .venv/installed-run
TEST := .venv/installed-test
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check --constraint requirements.lock

.PHONY: help run demo-google serve test bench bench-sync bench-pages soak chaos screenshots lint i18n lock clean
.DEFAULT_GOAL := help

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

run: $(RUN) ## install, fill with a small demo company on the first run, and start the server
	@$(BIN)/davbridge migrate
	@$(BIN)/davbridge demo --if-empty
	@exec $(BIN)/davbridge serve

demo-google: $(TEST) ## the same beside a Google of our own, connected to it; nothing is kept
	@exec $(BIN)/python -m tests.fakes.google.demo

serve: $(RUN) ## start the server without demo data
	@$(BIN)/davbridge migrate
	@exec $(BIN)/davbridge serve

test: $(TEST) ## run the whole test suite (JOBS=0: in one process; PYTEST_ARGS: more arguments)
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadgroup $(PYTEST_ARGS)

bench: $(TEST) ## measure DAV beside stock Radicale and Xandikos (BENCH_ARGS: what, and for how long)
	@$(BIN)/python -m benchmarks.dav $(BENCH_ARGS)

bench-sync: $(RUN) ## measure first syncs and unchanged runs (BENCH_SYNC_ARGS: how many objects)
	@$(BIN)/python -m benchmarks.sync $(BENCH_SYNC_ARGS)

bench-pages: $(RUN) ## measure how long every page takes (BENCH_PAGES_ARGS: how often, and with how many activities)
	@$(BIN)/python -m benchmarks.pages $(BENCH_PAGES_ARGS)

soak: $(TEST) ## send generated requests to a server, and play generated histories of a sync (SOAK_ARGS, SOAK_HISTORIES)
	@$(BIN)/python -m benchmarks.soak $(SOAK_ARGS)
	@DAVBRIDGE_TEST_HISTORIES=$(SOAK_HISTORIES) $(BIN)/python -m pytest --numprocesses $(JOBS) \
		tests/services/sync/test_histories.py $(PYTEST_ARGS)

# What "make test" does for seconds, here for long: fifty crashes, a minute of writers, 100,000 activities, a sync of
# 2,000 objects whose worker is killed 200 times, one that is cut short at each write with every kind of remote, every kind
# of nonsense in every field of the page, and all pages in small windows in every language.
CHAOS := $(addprefix tests/system/test_,concurrency.py crashes.py redraws.py scale.py sync_crashes.py sync_workers.py vdirsyncer.py) \
	tests/services/sync/test_interruptions.py tests/services/sync/test_local_contract.py \
	tests/services/sync/scenarios tests/providers tests/plugins/test_corpora.py \
	tests/web/test_nonsense.py tests/browser/test_sights.py
chaos: $(TEST) ## test concurrency, crashes, syncs cut short and very many activities for long
	@DAVBRIDGE_TEST_CHAOS=1 $(BIN)/python -m pytest $(CHAOS) $(PYTEST_ARGS)

screenshots: $(TEST) ## take the pictures of docs/screenshots anew, in Debian's Chromium
	@$(BIN)/python -m tests.browser.screenshots

lint: $(TEST) ## check style, types and who imports whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

i18n: $(TEST) ## collect the texts of the page for the translators, and list what is missing
	@$(BIN)/python -c 'from web.catalogs import main; main()'

# Made by the oldest Python that is supported, since some releases refuse early versions of 3.11.
lock: ## write requirements.lock anew (give the oldest supported Python: make lock PYTHON=…)
	@rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	@.venv-lock/bin/python -m pip install -qq --disable-pip-version-check '.[test]'
	@.venv-lock/bin/python -m pip freeze --exclude davbridge | LC_ALL=C sort --ignore-case > requirements.lock
	@rm -rf .venv-lock

clean: ## remove what was installed and built, but never the data in var/
	rm -rf .venv .venv-lock build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps are made last: an interrupted installation is taken up again by the next call.
$(RUN): pyproject.toml requirements.lock | $(VENV)
	@echo 'Installing davbridge into .venv …'
	@$(INSTALL) --editable .
	@touch $@

$(TEST): pyproject.toml requirements.lock | $(VENV)
	@echo 'Installing davbridge and what its tests need into .venv …'
	@$(INSTALL) --editable '.[test]'
	@touch $(RUN) $@

$(VENV):
	@test -n '$(PYTHON)' || { echo 'Python 3.11 or newer is needed. Name it with make PYTHON=…' >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { echo 'Python has no venv. On Debian: apt-get install python3-venv' >&2; exit 1; }
	@touch $@
