# Everything a developer or CI does, one word each. `make help` lists the words.

PYTHON3 ?= python3
STRATEGY ?= perpetual_market_making
DEMO_SECONDS ?= 60
JOBS ?= 1
FUZZ_SECONDS ?= 120
FUZZ_TARGET ?=
MUTATION ?=
SEED ?=
CHAOS_SECONDS ?= 300
SOAK_MINUTES ?= 60
FLEET_SECONDS ?= 30
AGREEMENT_EXAMPLES ?= 20000

CHECKS := .venv/bin/python tools/checks.py

.DEFAULT_GOAL := help

.PHONY: help
help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: env
env: ## build .venv and .venv-sdk, or bring them up to date
	@$(PYTHON3) tools/make_env.py

.PHONY: older
older: ## build .venv-20260616 too, which the tests need: the oldest release of Hummingbot that is supported
	@$(PYTHON3) tools/make_env.py --older

.PHONY: strangers
strangers: env ## install the clients of others that the tests let trade on the sandbox (ccxt; with npm, @nktkas/hyperliquid)
	@$(PYTHON3) tools/make_strangers.py

.PHONY: demo
demo: env ## trade on the sandbox and compare the books   (STRATEGY=name in conf/, DEMO_SECONDS=60)
	@.venv/bin/hyperliquid-perpetual demo --strategy "$(STRATEGY)" --seconds "$(DEMO_SECONDS)"

.PHONY: demos
demos: env ## one demo after the other, a table at the end      (DEMO_SECONDS=60, JOBS=1 at a time)
	@.venv/bin/hyperliquid-perpetual demo --all --seconds "$(DEMO_SECONDS)" --jobs "$(JOBS)" --output build/demos

.PHONY: strategies
strategies: env ## list what STRATEGY can be
	@.venv/bin/hyperliquid-perpetual demo --list

.PHONY: test
test: older strangers ## run every check: lint, format, import rules, types, tests, coverage, the older Hummingbot
	@$(CHECKS)

.PHONY: fuzz
fuzz: env ## try inputs that nobody sends on every parser, guided by coverage   (FUZZ_SECONDS=120 in all, FUZZ_TARGET=one)
	@$(PYTHON3) tools/make_beside.py fuzz
	@.venv-fuzz/bin/python -m tests.fuzz.guided --seconds "$(FUZZ_SECONDS)" $(if $(FUZZ_TARGET),--target "$(FUZZ_TARGET)")

.PHONY: mutation
mutation: env ## build small faults into the code, one at a time: the tests have to notice   (MUTATION=rules, orders or engine)
	@$(PYTHON3) tools/make_beside.py mutation
	@.venv-mutation/bin/python -m tests.mutation $(MUTATION)

.PHONY: audit
audit: ## ask an advisory service about every locked version; needs a network, and is not in `make test`
	@$(PYTHON3) tools/audit.py

.PHONY: compatibility
compatibility: older ## run the Hummingbot suites on the older release alone
	@$(CHECKS) compatibility

.PHONY: lint
lint: env ## check style, format and import rules
	@$(CHECKS) lint format imports

.PHONY: types
types: env ## check the types
	@$(CHECKS) types

.PHONY: unit
unit: env ## run the unit tests alone
	@.venv/bin/python -m pytest tests/unit

.PHONY: chaos-deep
chaos-deep: env ## the state machine of connector against sandbox, AGREEMENT_EXAMPLES=20000 of it (an hour; SEED=)
	@.venv/bin/python -m tests.deep $(if $(SEED),--seed "$(SEED)") --examples "$(AGREEMENT_EXAMPLES)"

.PHONY: soak
soak: env ## that memory stays flat: a bot that quotes for SOAK_MINUTES=60, and the sandbox over a simulated week
	@.venv/bin/python benchmarks/bot_soak.py --minutes "$(SOAK_MINUTES)"
	@.venv/bin/python benchmarks/sandbox_soak.py --days 7

.PHONY: chaos
chaos: env ## bots trade on a sandbox that breaks, all are killed now and then; then both sides agree (SEED=, CHAOS_SECONDS=300)
	@.venv/bin/python -m tests.chaos $(if $(SEED),--seed "$(SEED)") --seconds "$(CHAOS_SECONDS)"

.PHONY: terminal
terminal: env ## drive Hummingbot's terminal through a bot's life in tmux, and draw the pictures of docs/terminal.md
	@.venv/bin/python -m pytest tests/terminal/test_terminal.py
	@.venv/bin/python tools/terminal_pictures.py

.PHONY: fleet
fleet: env ## lead three Hummingbots over MQTT on one exchange, kill one, and compare all books (FLEET_SECONDS=30)
	@.venv/bin/python -m tests.fleet --seconds "$(FLEET_SECONDS)"

.PHONY: format
format: env ## put the code into the project's format
	@.venv/bin/ruff check --quiet --fix . || true
	@.venv/bin/ruff format .

.PHONY: bench
bench: env strangers ## measure everything beside the others, 15 minutes, and make docs/benchmarks.md and docs/scaling.md of it
	@.venv/bin/python benchmarks/run.py --page

.PHONY: bench-page
bench-page: env ## make docs/benchmarks.md and docs/scaling.md of what was measured before
	@.venv/bin/python benchmarks/page.py

.PHONY: bench-profiles
bench-profiles: env ## where time and memory go in the five paths that matter most, into docs/profiles
	@.venv/bin/python benchmarks/profiles.py

.PHONY: bench-sandbox
bench-sandbox: env ## how many orders a second the sandbox does, and what 200 markets with 20 clients cost
	@.venv/bin/python benchmarks/sandbox_orders.py
	@.venv/bin/python benchmarks/sandbox_streaming.py

.PHONY: lock
lock: ## solve requirements/*.in anew and write the lock files
	@$(PYTHON3) tools/make_env.py --lock

.PHONY: dist
dist: env ## build wheel and source distribution of the last commit into dist/, the same bytes every time
	@.venv/bin/python tools/make_dist.py

.PHONY: clean
clean: ## remove build products and caches; the environments stay
	rm -rf build dist *.egg-info .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find hyperliquid_perpetual tests tools conf benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## remove the environments as well
	rm -rf .venv .venv-sdk .venv-ccxt .venv-fuzz .venv-mutation .venv-audit .venv-20260616 .tools tests/conformance/nktkas/node_modules
