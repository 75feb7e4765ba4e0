# The commands of the house. `make setup` makes .venv; everything else uses it.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: test-postgresql setup demo choreography webhooks registration controllers test check docs conformance simulate faults torture histories fuzz soak bench clean help

help:            ## show this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

setup: .venv/ready  ## make .venv with Segue and what it needs

.venv/ready: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@command -v node >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet --disable-pip-version-check '.[node]'
	@# as pip does with what it copies: else, where Python may not write bytecode, every start compiles everything anew
	@$(BIN)/python -m compileall -q src
	@touch $@

demo: setup      ## the loan broker, end to end, before your eyes
	$(BIN)/python examples/loan_broker/demo.py

choreography: setup  ## the choreography by CDK: bootstrap, deploy, one event, the report, destroy (needs npm)
	$(BIN)/python examples/choreography/demo.py

webhooks: setup  ## GitHub's webhooks through six queues, then through a state machine with a thousand children
	$(BIN)/python examples/webhooks/demo.py

registration: setup  ## a user in three systems: queue and topic, then a state machine with retries and a rollback
	$(BIN)/python -m examples.registration.demo

controllers: setup  ## asynchronous controllers: answered at once, killed in between, mailed all the same
	$(BIN)/python -m examples.controllers.demo

test: setup      ## all tests, those of each service's rows on both stores
	$(BIN)/python -m pytest -n auto

test-postgresql: setup  ## all tests on PostgreSQL: make test-postgresql TESTS=tests/services/sqs
	SEGUE_TEST_STORE=postgresql $(BIN)/python -m pytest -n auto $(TESTS)

check: setup     ## ruff, mypy strict, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

docs: setup      ## write the pages that follow from the code
	$(BIN)/python docs/generate.py

conformance: setup  ## the cases recorded from AWS, against a live server: make conformance STORE=postgresql
	$(BIN)/python -m tests.conformance.run $(if $(STORE),--store $(STORE))

simulate: setup  ## worlds of nodes that die, sleep and err: make simulate SEEDS=1000 FIRST=0 OF=pipeline NODES=3
	$(BIN)/python -m tests.simulation.run --seeds $(or $(SEEDS),1000) --first $(or $(FIRST),0) $(if $(OF),--of $(OF)) \
		$(if $(NODES),--nodes $(NODES))

torture: setup   ## kill servers under load, check what they had promised: make torture KILLS=1000 LOAD=50 SEED=7 STORE=postgresql NODES=3
	$(BIN)/python -m tests.torture.run --kills $(or $(KILLS),100) --load $(or $(LOAD),50) --seed $(or $(SEED),1) --seconds $(or $(SECONDS),1800) \
		--store $(or $(STORE),sqlite) --nodes $(or $(NODES),3)

histories: setup  ## what clients see while nodes are killed, checked for linearizability: make histories SECONDS=60 STORE=postgresql NODES=3 SEED=7
	$(BIN)/python -m tests.histories.run --seconds $(or $(SECONDS),60) --seed $(or $(SEED),1) --store $(or $(STORE),sqlite) $(if $(NODES),--nodes $(NODES))

faults: setup    ## nodes stopped and cut off, a database that restarts, fails over, is full: what takes minutes
	$(BIN)/python -m pytest -m faults tests/faults

fuzz: setup      ## definitions, inputs and events by chance: make fuzz SECONDS=60
	$(BIN)/python -m tests.fuzz.run --seconds $(or $(SECONDS),60)

soak: setup      ## a long load, then three times as much: make soak MINUTES=60 STORE=postgresql
	$(BIN)/python bench/soak.py --minutes $(or $(MINUTES),60) --store $(or $(STORE),sqlite)

bench: setup     ## the hot paths, measured: make bench ENDPOINT=http://127.0.0.1:4566 for another server
	$(BIN)/python bench/run.py $(if $(ENDPOINT),--endpoint-url $(ENDPOINT))

clean:           ## forget .venv and caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
