# make run   everything on this machine, with four simulated years of facts, until Ctrl-C
# make test  all tests, against real servers
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory --no-builtin-rules
.PHONY: help setup run test check bench faults lock

VENV := .venv
PYTHON ?= $(shell for name in python3.11 python3 python; do \
	$$name -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && echo $$name && break; done)
SET_UP := $(VENV)/.set-up-$(shell cat requirements-build.lock requirements-dev.lock pyproject.toml | sha256sum | cut -c1-16)
PIP := $(VENV)/bin/python -m pip --quiet --disable-pip-version-check --no-input

help:
	@echo 'make run     启动全部服务并播放模拟数据，Ctrl-C 结束 / everything on this machine with simulated facts, until Ctrl-C'
	@echo 'make test    全部测试 / all tests, against real servers'
	@echo 'make check   格式、规范、类型、依赖方向、已发布的合约、文档是否最新 / format, linter, types, import rules, published contracts, docs'
	@echo 'make bench   性能 / how fast, against the stated limits'
	@echo 'make faults  故障演练 / kill, wipe and roll back servers: no figure may change'
	@echo 'make lock    更新依赖锁定文件 / renew the lock files from pyproject.toml'

setup: $(SET_UP)
	@:

# The environment is exactly the lock files, everything checked by hash. Only wheels, but for nkeys, which has none: it and the project
# itself are built with the locked build tools, so that nothing else is ever fetched. (setuptools warns of every editable installation.)
$(SET_UP):
	@test -n '$(PYTHON)' || { echo '需要 Python 3.11（含 venv 与 pip）/ Python 3.11 with venv and pip is needed' >&2; exit 3; }
	@echo '正在准备运行环境 / preparing the environment in $(VENV) …' >&2
	@test -x $(VENV)/bin/python || '$(PYTHON)' -m venv $(VENV)
	@$(PIP) install --require-hashes --only-binary :all: -r requirements-build.lock
	@$(PIP) install --require-hashes --only-binary :all: --no-binary nkeys --no-build-isolation -r requirements-dev.lock
	@PYTHONWARNINGS=ignore $(PIP) install --no-index --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.set-up-*
	@touch $@

# At a terminal Ctrl-C is for kaiye alone, which ends well; make would report it as a failure.
run: setup
	@if [ -t 0 ]; then set -m; $(VENV)/bin/kaiye demo & fg >/dev/null; else exec $(VENV)/bin/kaiye demo; fi

test: setup
	@exec $(VENV)/bin/pytest

check: setup
	@well=yes; $(VENV)/bin/ruff format --quiet --check . || well=no; \
	$(VENV)/bin/ruff check --quiet . || well=no; \
	$(VENV)/bin/mypy --no-error-summary || well=no; \
	$(VENV)/bin/lint-imports --no-logo >/dev/null || { $(VENV)/bin/lint-imports --no-logo --verbose; well=no; }; \
	$(VENV)/bin/python -m shared.contracts.published --check || well=no; \
	$(VENV)/bin/python -m shared.contracts.reference --check || well=no; \
	$(VENV)/bin/python -m deploy.asyncapi_reference --check || well=no; \
	$(VENV)/bin/python -m deploy.reference_pages --check || well=no; \
	$(VENV)/bin/python -m services.indicators.audit.relational.compiled --check || well=no; \
	[ $$well = yes ] && echo '检查通过 / check passed'

bench: setup
	@exec $(VENV)/bin/python -m tests.benchmarks

faults: setup
	@exec $(VENV)/bin/pytest -o timeout=3600 tests/faults

COMPILE := $(VENV)/bin/pip-compile --quiet --allow-unsafe --generate-hashes --strip-extras --no-emit-find-links --no-emit-index-url --no-emit-trusted-host
lock: setup
	@$(COMPILE) --output-file requirements.lock pyproject.toml
	@$(COMPILE) --output-file requirements-dev.lock --constraint requirements.lock --extra dev pyproject.toml
	@printf 'setuptools\nwheel\n' | $(COMPILE) --output-file requirements-build.lock --constraint requirements-dev.lock -
