# Everything a developer or CI does, one word each. `make help` lists the words.

PYTHON3 ?= python3
STRATEGY ?= perpetual_market_making
DEMO_SECONDS ?= 60

BIN := .venv/bin

.DEFAULT_GOAL := help

.PHONY: help
help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: env
env: ## Build .venv and .venv-sdk, or bring them up to date
	@$(PYTHON3) tools/make_env.py
