# The fixed surfaces of the project. `make run` and `make test` need Debian 12, git, make and python3, nothing else.
SHELL := /bin/bash
MAKEFLAGS += --no-print-directory

RESIDENTS ?= 10000
SEED ?= 1
HEADLESS ?= 0
STATE ?= var

.PHONY: run test check bench lock openapi schema conformance verifier screenshot setup

setup:
	@packaging/bootstrap

# Both registers with synthetic residents and simulated peers, and the console; Ctrl-C stops everything.
run: setup
	@exec .venv/bin/jukura-rehearsal run --state $(STATE) --residents $(RESIDENTS) --seed $(SEED) \
	    $(if $(filter 1,$(HEADLESS)),--headless)

test: setup
	@.venv/bin/python -m pytest -n auto --dist loadfile

check: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo

# Figures of this machine: searching at several sizes beside plaintext, the way of one search, what a thief of the files learns,
# re-keying while searches run, comparing with municipalities, what a slow token costs, the log by itself, and proofs of it. A whole prefecture: docs/PERFORMANCE.md.
bench: setup
	@.venv/bin/python packaging/bench/growth.py --sizes 2000,20000 --asks 300
	@.venv/bin/python packaging/bench/way.py
	@.venv/bin/python packaging/bench/leakage.py
	@.venv/bin/python packaging/bench/rekey.py
	@.venv/bin/python packaging/bench/reconciliation.py --residents 10000
	@.venv/bin/python packaging/bench/notices.py --seconds 30 --residents 10000
	@.venv/bin/python packaging/bench/token_calls.py
	@.venv/bin/python packaging/bench/audit.py
	@.venv/bin/python packaging/bench/proofs.py
	@.venv/bin/python packaging/bench/share.py

# Exact versions and hashes for packaging/requirements*.txt; UPGRADE=1 takes the newest.
lock:
	@packaging/lock

# docs/openapi/peer.json, from the typed contract.
openapi: setup
	@.venv/bin/python packaging/openapi.py

# docs/audit/entry.schema.json, from the table of actions and their fields.
schema: setup
	@.venv/bin/python packaging/audit_schema.py

# docs/CONFORMANCE.md, from the table of the assessment's lines.
conformance: setup
	@.venv/bin/jukura conformance --output docs/CONFORMANCE.md

# dist/jukura-verify.pyz: the verifier as one file, for auditors.
verifier: setup
	@mkdir -p dist
	@.venv/bin/python packaging/verifier.py dist/jukura-verify.pyz

# docs/console.svg, drawn by the console itself over invented people.
screenshot: setup
	@.venv/bin/python tests/tui/make_screenshot.py docs/console.svg
