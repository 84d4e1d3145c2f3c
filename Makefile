# `make` alone lists the commands. The environment is .venv, built from the hashed locks.

PYTHON ?= python3
ARGS :=
WORKERS := 2
QUESTIONS := 100000
EXAMPLES := 2000
EVENTS := 1000000
UV_VERSION := 0.13.9

BIN := .venv/bin
PIP := $(BIN)/python -m pip --no-input --disable-pip-version-check

# The environment is .venv and nothing else.
unexport PYTHONHOME PYTHONPATH
export PIP_USER := 0

.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory
.PHONY: help up test soak scale check format lock clean env env-dev compose kafka

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | while IFS='|' read -r name text; \
	do printf '%-15s %s\n' "$$name" "$$text"; done

up: env ## everything from nothing: environment, database, real data; then serve (KAFKA=1: through it)
	@export CHITIEU_DIE_WITH_PARENT=1; exec $(if $(KAFKA),$(BROKER)) $(BIN)/chitieu up

# Its data lies beside the database's: the one is of no use without the other.
BROKER = $(BIN)/python -m tools.kafka_broker "$${CHITIEU_DATA_DIR:-.chitieu}/kafka" --

test: check compose kafka ## everything the tests need, then the whole suite (ARGS="-k name", WORKERS=2)
	@echo "== pytest"
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

soak: env-dev ## hours of random histories against the oracle (QUESTIONS=100000 EXAMPLES=2000)
	@$(BIN)/python -m tests.travel --questions $(QUESTIONS)
	@CHITIEU_MACHINE_EXAMPLES=$(EXAMPLES) CHITIEU_MACHINE_STEPS=60 \
		$(BIN)/python -m pytest -v -x -n $(WORKERS) tests/machine -k whatever

scale: env-dev kafka ## a million events through one process and through Kafka: the same results? (EVENTS=)
	@$(BIN)/python -m benchmarks.scale --events $(EVENTS)

check: env-dev ## lint, format, types, import contracts
	@echo "== ruff check"
	@$(BIN)/ruff check .
	@echo "== ruff format --check"
	@$(BIN)/ruff format --check .
	@echo "== mypy"
	@$(BIN)/mypy
	@echo "== lint-imports"
	@$(BIN)/lint-imports --no-logo

format: env-dev ## sort imports, apply safe fixes, format
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

# Pins stay as they are unless LOCK="--upgrade" or LOCK="--upgrade-package NAME".
LOCK :=
COMPILE = "$$dir/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--only-binary :all: --custom-compile-command "make lock" --group build $(LOCK) pyproject.toml

lock: ## write both locks from pyproject.toml (LOCK="--upgrade" for new versions)
	@dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; set -eu; \
	$(PYTHON) -m venv "$$dir"; \
	"$$dir/bin/python" -m pip install --quiet "uv==$(UV_VERSION)"; \
	export SSL_CERT_FILE="$${SSL_CERT_FILE:-$${PIP_CERT:-}}"; \
	[ -n "$$SSL_CERT_FILE" ] || unset SSL_CERT_FILE; \
	[ -z "$${PIP_INDEX_URL:-}" ] || export UV_DEFAULT_INDEX="$$PIP_INDEX_URL"; \
	$(COMPILE) --output-file requirements.lock; \
	$(COMPILE) --extra dev --constraints requirements.lock \
		--output-file requirements-dev.lock

clean: ## remove the environment, all caches, the jars of Kafka; the data folder stays
	@rm -rf .kafka/lib .kafka/lib.new .venv .venv.lock .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache \
		build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the environment ---------------------------------------------------------------------------
# .venv/made-for holds the folder and the Python it was made for, .venv/made-from these and the
# lock. While they match, nothing is done. A changed lock is installed in place, under what may be
# running. Another folder or Python, or an installation that was cut off, starts anew.

env:
	@$(call ensure,requirements.lock,requirements-dev.lock)

env-dev:
	@$(call ensure,requirements-dev.lock)

# $(1): the lock to install; $(2): a lock that holds it too
define ensure
set -eu; \
made_for() { pwd -P; $(BIN)/python -VV; }; \
made_from() { made_for; sed '/^\[tool\.ruff\]/,$$d' pyproject.toml; cat "$$1"; }; \
ready() { for lock in $(1) $(2); do \
	if made_from "$$lock" 2>/dev/null | cmp -s - .venv/made-from; then return 0; fi; done; return 1; }; \
if ready; then exit 0; fi; \
exec 9>.venv.lock; if command -v flock >/dev/null; then flock 9; fi; \
if ready; then exit 0; fi; \
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo "Python 3.11 or newer is needed: make PYTHON=python3.11 ..." >&2; exit 1; }; \
start=$$(date +%s); \
if ! made_for 2>/dev/null | cmp -s - .venv/made-for; then \
	echo "[1/3] new environment in .venv"; $(PYTHON) -m venv --clear .venv; fi; \
rm -f .venv/made-for .venv/made-from; \
total=$$(grep -c '^[a-z0-9].*==' $(1)); \
echo "[2/3] packages of $(1), up to $$total, hashes checked"; \
{ $(PIP) install --require-hashes --only-binary :all: -r $(1) || echo FAILED; } | { $(progress); }; \
echo "[3/3] chitieu itself"; \
$(PIP) install --quiet --no-index --no-deps --no-build-isolation --editable .; \
for site in .venv/lib/python3*/site-packages; do echo ../../../.. >"$$site/_chitieu.pth"; done; \
made_from $(1) >.venv/made-from; made_for >.venv/made-for; \
echo "environment ready in $$(($$(date +%s) - start)) s"
endef

# (The path in _chitieu.pth is made relative: Python 3.11 under LC_ALL=C cannot read another.)

# One line that moves on a terminal, a line for every 20 packages elsewhere.
define progress
count=0; while read -r word name _; do case "$$word" in \
	Collecting) count=$$((count + 1)); \
		if [ -t 1 ]; then printf '\r\033[K      %s of %s: %s' "$$count" "$$total" "$$name"; \
		elif [ $$((count % 20)) = 0 ]; then echo "      $$count of $$total"; fi;; \
	Installing) if [ -t 1 ]; then printf '\r\033[K'; fi; echo "      installing";; \
	FAILED) exit 1;; \
esac; done
endef

compose:
	@if command -v docker-compose >/dev/null || docker compose version >/dev/null 2>&1; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "== installing docker-compose (tests/test_compose.py)"; umask 022; \
		export DEBIAN_FRONTEND=noninteractive; \
		{ apt-get update -qq && apt-get install -qq -y --no-install-recommends \
			-o DPkg::Lock::Timeout=120 docker-compose; } >/dev/null || true; fi; \
	if command -v docker-compose >/dev/null; then exit 0; fi; \
	echo "!! docker-compose is missing: docker-compose.yml is only partly tested" >&2; \
	[ "$${CHITIEU_REQUIRE_ALL:-}" != 1 ]

kafka: env-dev
	@if [ -n "$${CHITIEU_KAFKA_BOOTSTRAP:-}" ] || $(BIN)/python -m tools.kafka_broker --fetch; then exit 0; fi; \
	echo "!! Apache Kafka cannot run here: its tests will be skipped" >&2; \
	[ "$${CHITIEU_REQUIRE_ALL:-}" != 1 ]
