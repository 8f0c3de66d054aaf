# The commands of the project; `make help` lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
PORT ?= 8000
SITE_URL ?= http://127.0.0.1:$(PORT)
SIMULATOR_PORT ?= $(shell expr $(PORT) + 90)
export PORT SITE_URL
export PATH := $(CURDIR)/.venv/bin:$(PATH)

VENV := .venv/bin
LOCAL := $(or $(LOCAL_DIR),.local)
PIP := $(VENV)/pip install --quiet --disable-pip-version-check
STATIC_FILES := $(shell find static -type f)

.PHONY: help run test soak benchmark lint

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: export PAYMENT_SIMULATOR ?= http://127.0.0.1:$(SIMULATOR_PORT)
run: .venv/run.stamp $(LOCAL)/static.stamp ## the demo company on http://127.0.0.1:8000 (PORT=… for another)
	@if (exec 3<>/dev/tcp/127.0.0.1/$(PORT)) 2>/dev/null; then echo "Port $(PORT) is in use. Try: make run PORT=$$(($(PORT) + 1))"; exit 1; fi
	@if (exec 3<>/dev/tcp/127.0.0.1/$(SIMULATOR_PORT)) 2>/dev/null; then echo "Port $(SIMULATOR_PORT) of the payment simulator is in use. Try: make run SIMULATOR_PORT=$$(($(SIMULATOR_PORT) + 1))"; exit 1; fi
	@echo "» database"
	@$(VENV)/python manage.py migrate --verbosity 0
	@echo "» demo company"
	@$(VENV)/python manage.py seed_demo --if-empty
	@echo "» departures of the coming 60 days"
	@$(VENV)/python manage.py generate_departures --days 60
	@echo "» web server, queue and payment simulator"
	@rm -rf $(LOCAL)/metrics && mkdir -p $(LOCAL)/metrics
	@(for try in {1..300}; do (exec 3<>/dev/tcp/127.0.0.1/$(PORT)) 2>/dev/null && echo "Falcon Bus Lines: $(SITE_URL)   (Ctrl-C stops it)" && break; sleep 0.1; done) & \
	PROMETHEUS_MULTIPROC_DIR=$(abspath $(LOCAL)/metrics) exec $(VENV)/honcho -e /dev/null -f falcon_web/Procfile start

test: .venv/dev.stamp ## every test: on SQLite, then on PostgreSQL and Redis; ends with a verdict
	@$(VENV)/python -m bookings.tests.run $(ARGS)

soak: .venv/dev.stamp ## the long races, kills and outages, with their figures (SOAK_SCALE=2 for more)
	@$(VENV)/python -m bookings.tests.soak $(ARGS)

benchmark: .venv/dev.stamp ## what pages and purchases cost against floors of the same run (ARGS="--full" for a million departures)
	@$(VENV)/python -m bookings.benchmarks $(ARGS)

lint: .venv/dev.stamp ## style, templates, types, missing migrations
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .
	@$(VENV)/djlint templates --quiet
	@$(VENV)/mypy
	@$(VENV)/python manage.py makemigrations --check --dry-run

.venv/bin/python:
	@echo "» a Python environment in .venv"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 …")'
	@$(PYTHON) -m venv .venv

.venv/run.stamp: requirements.txt | .venv/bin/python
	@echo "» packages of requirements.txt"
	@$(PIP) -r requirements.txt
	@touch $@

.venv/dev.stamp: requirements.txt requirements-dev.txt | .venv/bin/python
	@echo "» packages of requirements-dev.txt"
	@$(PIP) -r requirements-dev.txt
	@touch $@ .venv/run.stamp

$(LOCAL)/static.stamp: $(STATIC_FILES) requirements.txt | .venv/run.stamp
	@echo "» static files"
	@mkdir -p $(LOCAL)
	@ENVIRONMENT=demo DEBUG= $(VENV)/python manage.py collectstatic --noinput --verbosity 0
	@touch $@
