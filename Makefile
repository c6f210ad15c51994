# Régie's house rules, one line each: run `make` to see them.
# Every target installs what it needs first (scripts/setup.sh), apart from the Rust toolchain.

CARGO ?= cargo
# The same folder that cargo writes to; absolute, because tests run in their own crate's folder.
TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
DEMO_SITE := examples/sites/val-clair/site.yaml

# Tests that talk to an independent Modbus implementation find its Python here.
export REGIE_TEST_PYTHON := $(TARGET)/test-venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint bench fuzz clean torture

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)$$/  make \1@\2/p' Makefile | column -t -s @ 2>/dev/null || \
	sed -n 's/^\([a-z]*\):.*## \(.*\)$$/  make \1: \2/p' Makefile

setup: ## install what the build needs: C and C++ compilers, CMake, libclang
	@scripts/setup.sh

demo: setup ## run the example commune against simulated devices (CYCLES=3 SPEED=60 to limit, hasten)
	$(CARGO) build --release -p regie -p regie-sim
	$(TARGET)/release/regie-sim demo --site $(DEMO_SITE) \
	    $(if $(CYCLES),--cycles $(CYCLES)) $(if $(SPEED),--speed $(SPEED))

test: ## run every test: the set-up script, unit, integration and documentation tests
	@scripts/setup.sh --tests
	scripts/test-setup.sh
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
	    set -ex; \
	    $(CARGO) nextest run --workspace $(if $(CI),--profile ci); \
	    $(CARGO) test --workspace --doc; \
	else \
	    set -ex; \
	    $(CARGO) test --workspace $(if $(CI),--no-fail-fast); \
	fi

lint: setup ## check format, lints, documentation, shell scripts, the systemd unit
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps --workspace
	scripts/check-scripts.sh
	systemd/check-unit.sh

bench: ## measure: requests to devices, a cycle, a solve, a simulated day, schedules against time
	@scripts/setup.sh --tests
	$(CARGO) run --release -p regie-sim -- bench

torture: setup ## play SEEDS=1000 days of faults against each example commune (six hours each)
	$(CARGO) build --release -p regie-sim
	for commune in val-clair val-soleil; do \
	    $(TARGET)/release/regie-sim faults --site examples/sites/$$commune/site.yaml \
	        --seeds 1..$(or $(SEEDS),1000) || exit 1; \
	done

fuzz: setup ## look for inputs that break the drivers' parsers, 60 s each (SECONDS=10 for less)
	scripts/fuzz.sh $(SECONDS)

clean: ## remove what was built and the demo's state
	$(CARGO) clean
	rm -rf demo-state
