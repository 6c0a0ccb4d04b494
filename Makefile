# One line per common task. `make help` lists them; `make run` and `make test` do all the set-up.
BUILD  ?=
MODE   ?=
SEED   ?=
SEEDS  ?=
DATA   ?=
EDGE   ?=
SPEED  ?=
CONFIG ?=
RECORDING ?=
RUNNERS ?=
PORT_OFFSET ?=
LOSS ?=
BUS ?=
BUS_TLS ?=
FUZZ_SECONDS ?= 60

# Given variables reach the recipes through their environment, unchanged: neither make nor the shell reads them again,
# so a folder may have any name. Variables that are not given are not set: programs and .env have their own defaults.
GIVEN := MODE SEED SEEDS DATA EDGE SPEED CONFIG RECORDING RUNNERS PORT_OFFSET BUS LOSS BUS_TLS
$(foreach name,$(GIVEN),$(eval override $(name) := $$(value $(name))))
export $(foreach name,$(GIVEN),$(if $($(name)),$(name)))

# A variable with an unknown name would be dropped silently.
TAKEN := $(GIVEN) BUILD JOBS FUZZ_SECONDS MINUTES DURATION FAULTS DOORS STEPS SYSTEMS MUTANTS LOG_FORMAT LOG_LEVEL POLYBOT_% \
  CC CXX CFLAGS CXXFLAGS CPPFLAGS LDFLAGS CMAKE_% CCACHE_% DOCKER_% %SAN_OPTIONS XDG_% HOME TMPDIR SHELL
MISTAKEN := $(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),$(filter-out $(TAKEN),$(name))))
ifneq ($(strip $(MISTAKEN)),)
  $(error There is no variable $(strip $(MISTAKEN)); make help lists those that there are)
endif

# A wrong number would be noticed only when everything is installed and built.
without = $(if $(2),$(call without,$(subst $(firstword $(2)),,$(1)),$(wordlist 2,99,$(2))),$(1))
not_whole = $(or $(word 2,$(1)),$(call without,$(1),0 1 2 3 4 5 6 7 8 9))
$(foreach name,SEED SEEDS RUNNERS PORT_OFFSET JOBS FUZZ_SECONDS,$(if $(call not_whole,$(value $(name))),\
  $(error $(name) must be a whole number, not '$(value $(name))')))
$(foreach name,RUNNERS JOBS FUZZ_SECONDS,$(if $(value $(name)),$(if $(subst 0,,$(value $(name))),,\
  $(error $(name) must be at least 1))))

# The folder of all build trees. In recipes $(BUILD) is the tree of `make run` and `make test`, as the shell reads it.
quoted = '$(subst ','\'',$(1))'
QUIET := $(if $(filter-out help scale token format clean,$(or $(MAKECMDGOALS),help)),,quiet)
export BUILD_FOLDER := $(shell deploy/build-folder.sh $(call quoted,$(value BUILD)) $(QUIET))
ifneq ($(filter-out 0,$(.SHELLSTATUS)),)
  $(error $(BUILD_FOLDER))
endif
BUILD_GIVEN := $(value BUILD)
override BUILD := "$$BUILD_FOLDER"/release

.DEFAULT_GOAL := help
.PHONY: help run scale test asan check format lint sim mutants fuzz bench scale-bench e2e doors quiet week chaos soak image \
        compose-test docs-test dashboard-schema venue-conformance \
        record-test paper-test live-test token package package-test bare-test recipes-test hooks data-folder packages build benches programs configure configure-tests clean

help: ## list the targets
	@echo "PolyBot targets:"
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | \
	  awk -F'|' '{ printf "%-23s  %s\n", $$1, $$2 }'
	@echo
	@echo "Variables of make run:"
	@echo "  MODE=sim          the built-in venue (default)"
	@echo "  MODE=paper        the built-in venue mirrors real markets: no account, no money, simulated fills"
	@echo "  MODE=live         the venue of CONFIG, with real money (README, Trade for real)"
	@echo "  SEED=7            seed of the simulated order flow (default 1; kept with the data folder)"
	@echo "  DATA=folder       where journal, exchange, logs and keys live (default data/sim, data/paper)"
	@echo "  EDGE=0            a market without mispricings and noise traders: only luck can win there"
	@echo "  RUNNERS=3         so many strategy-runners share the work (default 1)"
	@echo "  RECORDING=file    replay a .jsonl or .jsonl.zst recording (without DATA in a data folder of its own)"
	@echo "  SPEED=10          replay ten times as fast as recorded"
	@echo "  CONFIG=folder     .toml files of your own instead of deploy/config"
	@echo "  PORT_OFFSET=100   added to every port: a second stack beside the first, with a DATA of its own"
	@echo "  BUS_TLS=folder    the bus over TLS, with what deploy/certificates.sh made there; without: local sockets"
	@echo "  POLYBOT_X__Y=z    key x.y of the configuration, as in POLYBOT_RISK__POSITION_MAX=50; LOG_LEVEL, LOG_FORMAT"
	@echo "Other variables: BUILD=folder (where the build trees go, default build),"
	@echo "  JOBS=n (compile jobs; else as many as processors and memory bear), SEED=n (make sim, chaos),"
	@echo "  FUZZ_SECONDS=n (make fuzz), MUTANTS='8 11' (make mutants: these alone), SEEDS=n (make mutants: tries of each),"
	@echo "  FAULTS='halt kill' (make e2e: these faults alone), DOORS='tokens crowd' (make doors: these alone),"
	@echo "  MINUTES=n (make quiet, soak), DURATION=seconds (make chaos, record-test), BUS=tls, LOSS=percent (make chaos),"
	@echo "  STEPS='up kills' (make compose-test: these steps alone), STEPS=configure SYSTEMS=debian13 (make bare-test)"

run: data-folder programs ## start the whole stack on this machine and watch it trade (Ctrl-C stops and verifies)
	@exec $(BUILD)/bin/polybot run

scale: ## have RUNNERS=n strategy-runners from now on in the stack that runs in DATA
	@test -n "$$RUNNERS" || { echo "make scale: say how many, as in make scale RUNNERS=3" >&2; exit 2; }
	@test -x $(BUILD)/bin/polybot || { echo "make scale: nothing is built here; make run first" >&2; exit 2; }
	@RUNNERS= $(BUILD)/bin/polybot scale "$$RUNNERS"

token: ## print the API token that mutating calls need
	@deploy/print-token.sh

test: ## unit, simulation and integration tests
	@deploy/install-packages.sh build test
	@deploy/build.sh $(BUILD) '-DPOLYBOT_TESTS=ON' all
	@deploy/run-tests.sh $(BUILD)

asan: ## the same tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@deploy/install-packages.sh build test
	@deploy/build.sh "$$BUILD_FOLDER"/asan '-DPOLYBOT_TESTS=ON -DPOLYBOT_SANITIZE=ON' all
	@deploy/run-tests.sh "$$BUILD_FOLDER"/asan

# The tests come last, so that their summary is what a run ends with.
check: hooks ## what CI runs: format, lint, the set-up of both README commands on empty systems, all tests
	+@begun=$$(date +%s); for step in format lint "bare-test STEPS=configure" benches; do \
	  echo "== make $$step"; since=$$(date +%s); $(MAKE) --no-print-directory $$step || exit; \
	  echo "== make $$step: $$(($$(date +%s) - since)) s"; done; \
	echo "== make test (after $$(($$(date +%s) - begun)) s)"; $(MAKE) --no-print-directory test

format: ## fail when a source file is not formatted
	@deploy/install-packages.sh lint
	@git ls-files -z '*.cpp' '*.hpp' | xargs -0 -r clang-format --dry-run --Werror && echo "format: clean"

lint: ## the house rules, and clang-tidy over the pure parts
	@deploy/install-packages.sh build lint
	@/usr/bin/python3 -B -m tests.tidy
	@deploy/build.sh "$$BUILD_FOLDER"/lint '-DPOLYBOT_UNITY=OFF'
	@deploy/lint.sh "$$BUILD_FOLDER"/lint

sim: ## replay one simulation seed: make sim SEED=7; or run many: make sim SEEDS=2000
	@deploy/install-packages.sh build test
	@deploy/build.sh $(BUILD) '-DPOLYBOT_TESTS=ON' simulation_test
	@POLYBOT_SIM_SEEDS="$$SEEDS" POLYBOT_SIM_SEED="$(if $(SEEDS),,$${SEED:-1})" \
	  $(BUILD)/tests/simulation/simulation_test

mutants: ## known bugs of the cores, woken one at a time, must each be caught by the simulation
	@deploy/install-packages.sh build test
	@deploy/mutants.sh

fuzz: ## fuzz every parser of outside bytes for FUZZ_SECONDS each
	@deploy/install-packages.sh build test fuzz
	@deploy/fuzz.sh $(FUZZ_SECONDS)

benches:
	@deploy/install-packages.sh build test bench
	@deploy/build.sh $(BUILD) '-DPOLYBOT_TESTS=ON' benches programs

bench: benches ## figures beside their references, measured in the same run
	@deploy/bench.sh $(BUILD)

scale-bench: ## what the stack costs with 50 to 10,000 markets (MARKETS="50 2000" RATES="0 1000" RUNNERS="1 3" LISTED=50000)
	@deploy/install-packages.sh build test
	@deploy/build.sh $(BUILD) '' programs
	@/usr/bin/python3 -B -m tests.scale.scale_bench $(if $(MARKETS),--markets $(MARKETS)) $(if $(RATES),--rates $(RATES)) \
		$(if $(RUNNERS),--runners $(RUNNERS)) $(if $(LISTED),--listed $(LISTED))

e2e: ## the monitoring alive: each family, panel and alert, proven against a real Prometheus and Alertmanager
	@deploy/install-packages.sh build test e2e
	@deploy/build.sh $(BUILD) '' programs
	@/usr/bin/python3 -B -m tests.e2e.e2e_test $(FAULTS)

record-test: ## record a simulated venue for DURATION=60 seconds with two kills; file and replay tell the books of the venue
	@deploy/install-packages.sh build test
	@deploy/build.sh $(BUILD) '' programs
	@/usr/bin/python3 -B -m tests.record.record_test '$(or $(DURATION),60)'

paper-test: ## paper trading over a replayed recording behind TLS: equal books, fills, none of them on old books
	@deploy/install-packages.sh build test paper
	@deploy/build.sh $(BUILD) '' programs
	@/usr/bin/python3 -B -m tests.paper.paper_test \
	  "$(or $(RECORDING),$${POLYBOT_RECORDED_DATA:-../shared/data}/polymarket/nhl_final_20260607_6min.jsonl.zst)"

live-test: ## live mode against a simulator behind TLS, with each wallet type, and 180 s of chaos there (SEED=n)
	@deploy/install-packages.sh build test paper
	@deploy/build.sh $(BUILD) '' programs
	@/usr/bin/python3 -B -m tests.live.live_test $(WALLETS)
	@/usr/bin/python3 -B -m tests.chaos.chaos_test '$(or $(DURATION),180)' '$(or $(SEED),1)' live

doors: ## attacks on what listens: each refused and counted, and a halt that passes meanwhile
	@deploy/install-packages.sh build test doors
	@deploy/build.sh $(BUILD) '' programs
	@/usr/bin/python3 -B -m tests.doors.doors_test $(DOORS)
	@test -n '$(DOORS)' || for part in bus key bombs rival; do /usr/bin/python3 -B -m tests.doors.$${part}_test || exit; done

quiet: ## the alerts quiet: shipped rules, ten healthy minutes with scaling, kills and an acknowledged halt
	@deploy/install-packages.sh build test e2e
	@deploy/build.sh $(BUILD) '' programs
	@/usr/bin/python3 -B -m tests.e2e.quiet_test $(MINUTES)

week: ## half an hour in which two accounts live through a week: exactly the expected alerts are told, and no other
	@deploy/install-packages.sh build test e2e
	@deploy/build.sh $(BUILD) '' programs
	@/usr/bin/python3 -B -m tests.e2e.week_test

chaos: ## kill -9, SIGSTOP, scaling and venue faults on the real processes; then venue == journal == metrics == API
	@deploy/install-packages.sh build test chaos
	@deploy/build.sh $(BUILD) '' programs
	@/usr/bin/python3 -B -m tests.chaos.checks_test --quiet
	@/usr/bin/python3 -B -m tests.chaos.chaos_test '$(or $(DURATION),180)' "$${SEED:-1}"

soak: ## ten times the usual load for MINUTES=30: memory, CPU and journal bytes per event stay flat
	@deploy/install-packages.sh build test e2e
	@deploy/build.sh $(BUILD) '' programs
	@/usr/bin/python3 -B -m tests.chaos.soak '$(or $(MINUTES),30)'

image: ## the container image, a list of what is in it (SPDX) and of its known vulnerabilities (needs a Docker engine)
	@deploy/install-packages.sh image
	@deploy/compose/image.sh "$$BUILD_FOLDER"/image

compose-test: ## the containers: build, up, kill -9 each in turn, scale, down, up (needs a Docker engine)
	@deploy/install-packages.sh compose
	@/usr/bin/python3 -B -m tests.compose.compose_test $(STEPS)

docs-test: ## type each fenced command of README.md and deploy/README.md that needs no containers, root or recording
	@deploy/install-packages.sh build test
	@deploy/build.sh $(BUILD) '' programs
	@/usr/bin/python3 -B -m tests.docs.documents_test --quiet
	@/usr/bin/python3 -B -m tests.docs.docs_test

venue-conformance: ## the venue's official clients: every call, and 1000 orders each byte by byte (npm, pip; skipped without)
	@deploy/install-packages.sh build test conformance
	@deploy/build.sh $(BUILD) '-DPOLYBOT_TESTS=ON' programs conformance_signer
	@/usr/bin/python3 -B -m tests.conformance.conformance_test

dashboard-schema: ## validate the dashboard against Grafana's published schema (needs npm; skipped without)
	@deploy/grafana/check-schema.sh

package: programs ## a .deb of the programs for this system: systemd units, manual pages, configuration in /etc/polybot
	@deploy/install-packages.sh package
	@deploy/package/build.sh $(BUILD)

package-test: package ## the package in an empty root: lintian, units, a stack that trades, upgrade, purge (needs root)
	@deploy/install-packages.sh packagetest
	@/usr/bin/python3 -B -m tests.package.package_test

bare-test: ## both README commands in an empty Debian or Ubuntu each, packages and all (needs root and debootstrap)
	@test "$$(id -u)" != 0 || deploy/install-packages.sh bare
	@STEPS='$(STEPS)' SYSTEMS='$(SYSTEMS)' /usr/bin/python3 -B -m tests.bare.bare_test

recipes-test: ## add a strategy, a route and a metric by the recipes of CONTRIBUTING.md to a copy, and build it
	@deploy/install-packages.sh build test
	@/usr/bin/python3 -B -m tests.recipes.recipes_test

hooks:
	@deploy/install-hook.sh

data-folder:
	@deploy/check-data.sh

packages:
	@deploy/install-packages.sh build

programs: packages
	@deploy/build.sh $(BUILD) '' programs

build:
	@deploy/install-packages.sh build test
	@deploy/build.sh $(BUILD) '-DPOLYBOT_TESTS=ON' all

# What `make run` and `make test` do before they compile.
configure: packages
	@deploy/build.sh $(BUILD) ''

configure-tests:
	@deploy/install-packages.sh build test
	@deploy/build.sh $(BUILD) '-DPOLYBOT_TESTS=ON'

# Of a folder that the user named, only what was built there is removed.
clean: ## remove all build trees (data is kept)
	@$(if $(BUILD_GIVEN),cd -- "$$BUILD_FOLDER" 2>/dev/null || exit 0; rm -rf release asan fuzz lint mutants,rm -rf "$$BUILD_FOLDER")
