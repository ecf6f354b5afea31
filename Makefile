# Two commands are all that is needed: `make serve` and `make test`. `make help` lists the others.

SHELL := /bin/sh
.SHELLFLAGS := -eu -c
.DEFAULT_GOAL := help

PORT ?= 10000
MODELS ?= models
SWIFT ?= swift

# On Linux the Swift runtime is linked in, so that the binary runs on machines without Swift.
RELEASE := -c release --product coppice $(if $(filter Linux,$(shell uname -s)),--static-swift-stdlib)
COPPICE := .build/release/coppice
# The system's libraries that the build links (Sources/System).
LIBRARIES := libbz2-dev liblzma-dev libsqlite3-dev zlib1g-dev
SCRIPTS := .ci/run $(wildcard Scripts/*.sh Tests/*/*.sh Benchmarks/*/*.sh)

# What Tests/Kernels builds for aarch64 with and runs it on, where it does.
AARCH64 := $(if $(filter Linux-x86_64,$(shell uname -s)-$(shell uname -m)),qemu-user libc6-dev-arm64-cross)

# Where Scripts/install.sh puts XGBoost's library when the system has no package of it.
export PATH := $(CURDIR)/.build/xgboost/bin:$(PATH)

step = @printf '\n==> %s\n'

.PHONY: help
help: ## List the commands
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 16

.PHONY: serve
serve: build model ## Install what is missing, build, train Iris if there is no model yet, serve on port 10000
	$(step) 'Serving $(MODELS) on http://127.0.0.1:$(PORT) (Ctrl-C stops)'
	@exec $(COPPICE) serve $(MODELS) --port $(PORT)

# What is tested with deadlines and leases.
TIMED := JobsTests|RedisTests|ServingTests|WorkerTests

.PHONY: test
test: ## Install what the tests need, then run all of them, Docker included
	$(step) 'Looking for what the tests need'
	@Scripts/install.sh $(LIBRARIES) xgboost redis-server faketime curl openssl python3-venv $(AARCH64)
	$(step) 'C kernels, here and for aarch64'
	@Tests/Kernels/run.sh
	$(step) 'Swift tests of each floor'
	$(SWIFT) test --skip 'IntegrationTests|$(TIMED)'
	$(step) 'Swift tests in which time passes: fewer at once, and beside no others'
	$(SWIFT) test --skip-build --experimental-maximum-parallelization-width 8 --filter '$(TIMED)'
	$(step) 'Swift tests of the whole, one at a time: each has servers of its own'
	$(SWIFT) test --skip-build --no-parallel --filter IntegrationTests
	$(step) 'Public clients'
	@Tests/Clients/run.sh
	$(step) 'Docker test'
	@Tests/Docker/run.sh

ROUNDS ?= 10

.PHONY: chaos
chaos: ## Break the queue ROUNDS times (10) and count what is lost (Linux, about half an hour)
	$(step) 'Looking for what the tests need'
	@Scripts/install.sh $(LIBRARIES) redis-server faketime
	$(step) 'The queue: broken connections, 10,000 waiters, Sentinels, a cluster'
	COPPICE_CHAOS=$(ROUNDS) $(SWIFT) test --no-parallel --filter 'DurableQueue|RedisQueue|RedisSentinel|RedisCluster'
	$(step) 'Servers and workers: each fault $(ROUNDS) times and more, a row of the table for each'
	COPPICE_CHAOS=$(ROUNDS) $(SWIFT) test --skip-build --no-parallel --filter ChaosTests

.PHONY: soak
soak: ## Swap models a thousand times under load, alone and behind the queue (SWAPS=1000)
	COPPICE_SWAPS=$(or $(SWAPS),1000) $(SWIFT) test --filter HotSwapTests/manySwaps

.PHONY: check
check: ## Lint the Swift sources and the scripts
	$(step) 'Format'
	$(SWIFT) format lint --strict -r Sources Tests Package.swift
	$(step) 'Scripts'
	@for s in $(SCRIPTS); do bash -n "$$s"; test -x "$$s" || { echo "$$s is not executable"; exit 1; }; done
	@if command -v shellcheck >/dev/null; then shellcheck -x $(SCRIPTS); else echo 'shellcheck is not installed: syntax only'; fi

.PHONY: bench
bench: build ## Measure the server beside its peers (Linux, about 20 minutes)
	@Benchmarks/serving/run.sh $(ARGS)

.PHONY: fuzz
fuzz: ## Fuzz each reader of model files, FUZZ_SECONDS each (30 by default)
	@Tests/Fuzz/run.sh $(ARGS)

.PHONY: build
build: ## Build the release binary
	$(step) 'Looking for what the build needs'
	@Scripts/install.sh $(LIBRARIES)
	$(step) 'Building (the first time takes some minutes)'
	$(SWIFT) build $(RELEASE)

.PHONY: model
model: build ## Train Iris if there is no model yet
	@if [ -z "$$(find $(MODELS) -name 'model.*' 2>/dev/null | head -n 1)" ]; then \
	  printf '\n==> %s\n' 'No model yet: training Iris'; \
	  Scripts/install.sh xgboost; \
	  $(COPPICE) train iris --output $(MODELS)/iris; \
	fi

.PHONY: clean
clean: ## Remove what was built; models stay
	$(SWIFT) package clean
