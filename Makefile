# A thin skin over `python -m scorer`; `make help` lists targets and variables.

PYTHON ?= python3
VENV ?= .venv
RUN := $(VENV)/bin/python -m scorer
NO :=
COMMA := ,
CHOSEN := $(strip $(EXTRA) $(TORCH) $(ALSO))
STAMP := $(VENV)/.installed$(if $(CHOSEN),-$(subst :,_,$(subst /,_,$(subst $(NO) $(NO),-,$(CHOSEN)))))

# Variables become flags of the same name; an unset one leaves the default to the command.
FLAGS = $(if $(TASK),--task $(TASK)) $(if $(N),--n-models $(N)) $(if $(DEVICE),--device $(DEVICE)) \
        $(if $(WORKERS),--workers $(WORKERS)) $(if $(ENGINE),--engine $(ENGINE)) \
        $(if $(FORGET),--forget $(FORGET)) $(if $(SEED),--split-seed $(SEED)) $(if $(SECRET),--secret $(SECRET))
SCORE_FLAGS = $(FLAGS) $(if $(RULE),--rule $(RULE)) $(if $(SANDBOX),--sandbox $(SANDBOX)) \
              $(if $(BUDGET),--budget $(BUDGET)) $(if $(DESIGN),--design $(DESIGN)) \
              $(if $(SCENARIO),--scenario $(SCENARIO)) \
              $(if $(RERUN),--rerun) $(if $(FUNCTION),--function $(FUNCTION))
# By way of the environment, so that the shell takes any name as it is.
METHOD_AS_IT_IS = $${METHOD:+"$$METHOD"}

.PHONY: help env score scores leaderboard report check package doctor oracles bench study readme \
        boards test lint \
        clean
.DEFAULT_GOAL := help

help: ## list targets and variables
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@awk -F' = ## ' '/^# [A-Z]+ = ## / {printf "  %-14s %s\n", substr($$1, 3), $$2}' $(MAKEFILE_LIST)
	@if [ -e $(VENV)/.installed ]; then $(VENV)/bin/python -c "$$NAMES"; \
	  else echo 'names of tasks, rules, engines and sandboxes: make env, then make help'; fi

define NAMES
from scorer.kinds import KINDS
for kind in ("tasks", "rules", "engines", "sandboxes"):
    print(f"{kind:<16} {', '.join(row['name'] for row in KINDS[kind].rows())}")
endef
export NAMES

# METHOD = ## a baseline's name, a file or folder in submission/, or a path; default submission/unlearn.py
# FUNCTION = ## which function or class of METHOD, default unlearning
# NAME = ## a study, see python -m scorer study
# TASK = ## data, split, forget set and network, default digits
# FORGET = ## what is to be forgotten: default, random:100, class:3, ...; see python -m scorer ls forget_sets
# N = ## number of models per side, default 64
# RULE = ## how epsilon becomes points, default competition
# DEVICE = ## auto (default), cpu, cuda for all GPUs, cuda:2 or cuda:0,1
# WORKERS = ## worker processes, default one a processor
# ENGINE = ## where shards run, default local; ray needs make env EXTRA=ray
# SANDBOX = ## how far a submission is kept apart: auto (default, the best that works), require, or a tier
# SEED = ## another split of the same data, default 0
# SECRET = ## secret of the pool: from a record, or public; default the pool that is there, or a new one
# RERUN = ## 1 deletes the outcomes of METHOD and makes all its runs anew
# BUDGET = ## share of a retraining that a run may take, in time and arithmetic, default 0.2
# DESIGN = ## originals that the runs share: reuse-1 (default), reuse-8 or another number, reuse-n
# SCENARIO = ## how requests to forget come: standard (default), retain-free, streaming:K
# TORCH = ## other torch packages for make env, e.g. TORCH="torch==2.13.0 torchvision==0.28.0"
# EXTRA = ## optional packages for make env: ray, croissant
# ALSO = ## packages that your submission imports, for make env, e.g. ALSO="timm einops"
# VENV = ## folder of the environment, default .venv

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python >= 3.11 is needed, got " + sys.version.split()[0] + "; set PYTHON=")'
	[ -x $(VENV)/bin/python ] || $(PYTHON) -m venv $(VENV)
	@sed '$(if $(TORCH),/^torch/d)' constraints.txt > $(VENV)/constraints.txt
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
	  --constraint $(VENV)/constraints.txt --editable ".[$(subst $(NO) $(NO),$(COMMA),$(strip dev submissions $(EXTRA)))]" $(TORCH) \
	  $(foreach package,$(ALSO),'$(package)')
	@touch $(VENV)/.installed '$(STAMP)'

env: $(STAMP) ## build the environment in .venv by pyproject.toml and constraints.txt

score: $(STAMP) ## score METHOD, training the oracles first where there are none
	@$(RUN) score $(METHOD_AS_IT_IS) $(SCORE_FLAGS)

scores: $(STAMP) ## score every baseline and submission/unlearn.py, some at a time
	@$(RUN) scores $(SCORE_FLAGS)

leaderboard: $(STAMP) ## show all results
	@$(RUN) leaderboard $(if $(TASK),--task $(TASK))

report: $(STAMP) ## write the newest result of METHOD as one HTML page
	@$(RUN) report $(METHOD) $(if $(TASK),--task $(TASK))

check: $(STAMP) ## try METHOD in seconds: imports, signature, a real run
	@$(RUN) check $(METHOD_AS_IT_IS) $(if $(TASK),--task $(TASK)) $(if $(FORGET),--forget $(FORGET)) \
	  $(if $(DEVICE),--device $(DEVICE)) $(if $(SANDBOX),--sandbox $(SANDBOX)) \
	  $(if $(SCENARIO),--scenario $(SCENARIO)) $(if $(FUNCTION),--function $(FUNCTION))

package: $(STAMP) ## make of METHOD one file that stands alone, in packaged/METHOD
	@$(RUN) package $(METHOD) $(if $(TASK),--task $(TASK)) $(if $(DEVICE),--device $(DEVICE)) \
	  $(if $(SANDBOX),--sandbox $(SANDBOX))

doctor: $(STAMP) ## say what this machine has: device, packages, sandbox tiers, disk
	@$(RUN) doctor

oracles: $(STAMP) ## train the oracles of TASK without scoring anything
	@$(RUN) oracles $(FLAGS) $(if $(SCENARIO),--scenario $(SCENARIO))

bench: $(STAMP) ## measure speed side by side
	@$(RUN) bench

study: $(STAMP) ## compute, draw and answer the study NAME, such as boundary
	@$(RUN) study $(NAME) $(if $(TASK),--task $(TASK)) $(if $(DEVICE),--device $(DEVICE)) \
	  $(if $(WORKERS),--workers $(WORKERS)) $(if $(ENGINE),--engine $(ENGINE))

readme: $(STAMP) ## render the documents from the kept figures
	@$(RUN) readme

boards: $(STAMP) ## put the results in place of the kept leaderboards, and render the documents
	@$(RUN) readme --boards

test: $(STAMP) ## the whole test suite
	$(VENV)/bin/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

lint: $(STAMP) ## ruff and mypy, as pre-commit runs them
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

clean: ## delete environment, trained models and caches; results stay
	rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
