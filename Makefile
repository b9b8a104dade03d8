# A thin skin over `python -m scorer`; `make help` lists targets and variables.

PYTHON ?= python3
VENV ?= .venv
RUN := $(VENV)/bin/python -m scorer
STAMP := $(VENV)/.installed$(addprefix -,$(EXTRA))

# Variables become flags of the same name; an unset one leaves the default to the command.
FLAGS = $(if $(TASK),--task $(TASK)) $(if $(N),--n-models $(N)) $(if $(DEVICE),--device $(DEVICE)) \
        $(if $(WORKERS),--workers $(WORKERS)) $(if $(ENGINE),--engine $(ENGINE)) \
        $(if $(SEED),--split-seed $(SEED))
SCORE_FLAGS = $(FLAGS) $(if $(RULE),--rule $(RULE)) $(if $(SANDBOX),--sandbox $(SANDBOX)) \
              $(if $(BUDGET),--budget $(BUDGET))

PINS = $(shell $(PYTHON) -c 'import tomllib; p = tomllib.load(open("pyproject.toml", "rb"))["project"]; o = p["optional-dependencies"]; print(*p["dependencies"], *o["dev"], *sum((o[e] for e in "$(EXTRA)".split()), []))')
PACKAGES = $(if $(TORCH),$(filter-out torch==% torchvision==%,$(PINS)) $(TORCH),$(PINS))

.PHONY: help env score scores leaderboard check oracles bench readme test lint clean
.DEFAULT_GOAL := help

help: ## list targets and variables
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@awk -F' = ## ' '/^# [A-Z]+ = ## / {printf "  %-14s %s\n", substr($$1, 3), $$2}' $(MAKEFILE_LIST)

# METHOD = ## a baseline's name, a file in submission/ or a path; default submission/unlearn.py
# TASK = ## digits (default), fashion_mnist, cifar10, cifar10-resnet18
# N = ## number of models per side, default 64
# RULE = ## competition (default) or exact
# DEVICE = ## auto (default), cpu, cuda
# WORKERS = ## worker processes, default one a processor
# ENGINE = ## where shards run: local (default), or ray after make env EXTRA=ray
# SANDBOX = ## how far a submission is kept apart: process (default)
# SEED = ## another split of the same data, default 0
# BUDGET = ## share of a retraining that a run may take, default 0.2
# TORCH = ## other torch packages for make env, e.g. TORCH="torch==2.13.0 torchvision==0.28.0"
# EXTRA = ## optional packages for make env: ray
# VENV = ## folder of the environment, default .venv

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python >= 3.11 is needed, got " + sys.version.split()[0] + "; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check $(PACKAGES)
	@touch $(VENV)/.installed $(STAMP)

env: $(STAMP) ## build the environment in .venv from the pins of pyproject.toml

score: $(STAMP) ## score METHOD, training the oracles first where there are none
	@$(RUN) score $(METHOD) $(SCORE_FLAGS)

scores: $(STAMP) ## score every baseline, two at a time
	@printf '%s\n' original retrain $(filter-out __init__ common,$(basename $(notdir $(wildcard baselines/*.py)))) \
	  | xargs -P 2 -I METHOD $(RUN) score METHOD $(SCORE_FLAGS) --workers 1

leaderboard: $(STAMP) ## show all results
	@$(RUN) leaderboard $(if $(TASK),--task $(TASK))

check: $(STAMP) ## try METHOD in seconds: imports, signature, a real run
	@$(RUN) check $(METHOD) $(if $(DEVICE),--device $(DEVICE))

oracles: $(STAMP) ## train the oracles of TASK without scoring anything
	@$(RUN) oracles $(FLAGS)

bench: $(STAMP) ## measure speed side by side
	@$(RUN) bench

readme: $(STAMP) ## write the tables of README.md from the results
	@$(RUN) readme

test: $(STAMP) ## the whole test suite
	$(VENV)/bin/python -m pytest --numprocesses 2 --dist loadfile

lint: $(STAMP) ## ruff and mypy
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

clean: ## delete environment, trained models and caches; results stay
	rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
