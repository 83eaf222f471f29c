# The tasks of the template. A bake has its own Makefile, with the tasks of the system.
# Any Python from 3.11 to 3.13 will do: make test PYTHON=python3.12

PYTHON ?= python3
unexport PYTHONDONTWRITEBYTECODE  # as in the project's own Makefile
TEMPLATE := {{cookiecutter.project_slug}}
BAKE := build/flight-delay-radar
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup bake demo figures agents test quick check format lock clean

help:  ## Print these tasks (at once)
	@echo "The template of a complete ML system. Its tasks, and about how long each takes on 2 cores:"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile

setup:  ## Make .venv with the locked packages (10 s the first time; every other task does it by itself)
	@$(PYTHON) "$(TEMPLATE)/bootstrap.py"

bake: setup  ## Generate a project with the default answers into build/ (2 s)
	@$(BIN)/python tests/baking.py $(dir $(BAKE))

demo: bake  ## Generate a project and run its whole system on a real year, ending with a report (10 min)
	@$(MAKE) -C $(BAKE) demo
	@echo "The report: $(BAKE)/reports/report.html"

figures: demo  ## Write that run's figures into this README; a project's come from its own run (10 min)
	@$(BAKE)/.venv/bin/python -c "from pathlib import Path; from mlsystem.reporting.readme import write_figures; \
		write_figures(Path('README.md'), Path('$(BAKE)/reports'))"
	@$(BAKE)/.venv/bin/python -c "from pathlib import Path; from mlsystem.reporting.mine import write_reference; \
		write_reference(Path('$(BAKE)/reports'), Path('$(TEMPLATE)/docs/domain/reference.json'))"

agents: setup  ## Write AGENTS.md anew, from the map of the README and these tasks (1 s)
	@$(BIN)/python tests/agents_page.py

test: setup  ## Run every test, and walk a user's day with each problem: generate, test, prove, move, demo, live (40 min)
	@$(BIN)/python -m pytest

quick: setup  ## Run the tests that need no installed bake (3 min)
	@$(BIN)/python -m pytest -m "not slow"

check: setup  ## Lint, formatting and types (5 s)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: setup  ## Mend what can be mended by machine (1 s)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock:  ## Resolve this lock and the project's again (1 min); make lock ARGS=--upgrade takes the newest versions
	@$(PYTHON) "$(TEMPLATE)/locks.py" --root . $(ARGS)
	@$(PYTHON) "$(TEMPLATE)/locks.py" $(ARGS)

clean:  ## Remove .venv and build/ (at once)
	@rm -rf .venv build
