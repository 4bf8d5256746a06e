# novacontainer: the commands of a checkout.  `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash

.PHONY: help
help: ## List these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | \
	    awk -F ':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

.PHONY: test
test: ## Install what the gates need, then run them (root)
	@.ci/prepare
	@.tools/bin/python .ci/gates.py pep8 mypy docs releasenotes \
	    unit functional integration unit-eventlet unit-oldest

.PHONY: test-releases
test-releases: ## Test the driver on eventlet, and with the oldest Nova (root)
	@.ci/prepare
	@.tools/bin/python .ci/gates.py unit-eventlet functional-eventlet \
	    unit-oldest functional-oldest

.PHONY: docs
docs: ## Build the manual and the release notes
	@.ci/prepare
	@.tools/bin/tox -q -e docs,releasenotes

.PHONY: benchmark
benchmark: ## Measure the runtime beside crun, podman and dockerd (root)
	@.ci/prepare
	@.tools/bin/tox -q -e venv -- python -m benchmarks

.PHONY: clean
clean: ## Remove what test, docs and builds left in the checkout
	rm -rf /var/cache/novacontainer-tox /var/cache/novacontainer-machines
	rm -rf .tools .tox .stestr .mypy_cache .ruff_cache .coverage* cover
	rm -rf build dist *.egg-info doc/build releasenotes/build
	find novacontainer tests -name __pycache__ -type d -prune \
	    -exec rm -rf {} +

.PHONY: demo
demo: ## A whole cloud on this machine, and a tenant in it (root, Debian 12)
	@[ -x /usr/bin/python3 ] || { apt-get update && \
	    apt-get install --yes --no-install-recommends python3; }
	@/usr/bin/python3 -m demo up

.PHONY: demo-clean
demo-clean: ## End that cloud and remove everything of it
	@/usr/bin/python3 -m demo clean

# The Python of the demo's cloud.
CLOUD_PYTHON = "$${NOVACONTAINER_DEMO_DIR:-/var/lib/novacontainer-demo}/venv/bin/python"

.PHONY: cloud-test
cloud-test: ## Test every operation as its tenant (TESTS=tests.cloud.test_x)
	@$(CLOUD_PYTHON) -W ignore -m tests.cloud $(TESTS)

.PHONY: tempest
tempest: ## Run Tempest against it (TESTS='regular expression')
	@$(CLOUD_PYTHON) -m tests.tempest $(if $(TESTS),'$(TESTS)')
