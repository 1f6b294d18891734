# `make serve`, `make camera` and `make test` set up what they need; `make help` lists everything.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help setup serve camera talk test test-aiortc test-agents test-ray check lint format format-check typecheck bench docs hooks wheels gpu clean

help: # this list
	@sed -n 's/^\([a-z-]*\):.*# /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup: .venv/.complete # everything, for training, tests and the camera

serve: .venv/.serving # the live server and its page; ARGS are its flags
	$(BIN)/avatar serve $(ARGS)

camera: .venv/.camera # the virtual camera
	$(BIN)/avatar camera $(ARGS)

talk: .venv-talk/.complete # the live server, to talk with; WITH=talk.yaml an agent's services
	.venv-talk/bin/avatar serve --talk $(or $(WITH),echo) $(ARGS)

test: .venv/.complete # all tests; ARGS are pytest's
	$(BIN)/python -m pytest $(ARGS)

test-aiortc: .venv/.complete # with the lowest and the highest aiortc allowed, from PyPI
	$(BIN)/python -m tests.aiortc_versions

test-agents: .venv-agents/.complete # conversations, pipecat, LiveKit; an environment of its own
	.venv-agents/bin/mypy -p streaming.doors -p streaming.talk
	.venv-agents/bin/python -m pytest tests/streaming/doors/test_pipecat.py \
		tests/streaming/doors/test_livekit*.py tests/streaming/talk $(ARGS)

test-ray: .venv-agents/.ray # machines behind Ray Serve, in the same environment
	.venv-agents/bin/mypy -p streaming.cluster
	.venv-agents/bin/python -m pytest tests/streaming/cluster/test_ray_serve.py $(ARGS)

check: lint format-check typecheck # what CI asks before the tests

lint: .venv/.complete # ruff
	$(BIN)/ruff check .

format: .venv/.complete # put right what ruff can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

format-check: .venv/.complete # whether it is formatted
	$(BIN)/ruff format --check .

typecheck: .venv/.complete # mypy, strict
	$(BIN)/mypy

bench: .venv/.serving # how fast pictures are made here
	$(BIN)/avatar bench $(ARGS)

docs: .venv/.complete # whether the documentation names what there is
	$(BIN)/python -m pytest tests/test_documentation.py

hooks: .venv/.complete # the checks before every commit
	$(BIN)/pre-commit install

# On a machine with a GPU and no package registry: Python 3.12 and PyTorch are there, and build/wheels
# was brought along from a machine where `make wheels` filled it.
GPU_NEEDS := 'numpy<2' scipy 'av<19' safetensors pyyaml threadpoolctl rich matplotlib \
	opencv-python-headless pytest
GPU_TESTS := tests/avatar/rendering/test_cuda.py tests/avatar/rendering/backends/test_backends.py \
	tests/avatar/training/test_cuda.py tests/avatar/evaluation/test_evaluate.py

wheels: # build/wheels, for `make gpu` elsewhere
	$(PYTHON) -m pip download --quiet --dest build/wheels --only-binary=:all: \
		--python-version 3.12 --platform manylinux2014_x86_64 --platform manylinux_2_28_x86_64 \
		$(GPU_NEEDS)

gpu: # the tests of a GPU, where there is one and no package registry
	$(PYTHON) -m venv --system-site-packages .venv-gpu
	.venv-gpu/bin/pip install --quiet --no-index --find-links build/wheels $(GPU_NEEDS)
	.venv-gpu/bin/python -m pytest $(ARGS) $(GPU_TESTS)

clean: # away with all that was made
	rm -rf .venv .venv-talk .venv-agents .venv-gpu build dist

.venv/bin/python:
	$(PYTHON) -m venv .venv

# Serving needs no more than the base packages; training and tests bring the rest.
.venv/.serving: .venv/bin/python pyproject.toml
	$(PIP) --editable .
	touch $@

.venv/.camera: .venv/bin/python pyproject.toml
	$(PIP) --editable '.[camera]'
	touch $@ .venv/.serving

.venv/.complete: .venv/bin/python pyproject.toml
	$(PIP) --editable '.[train,camera,dev]'
	touch $@ .venv/.serving .venv/.camera

.venv-talk/.complete: pyproject.toml
	$(PYTHON) -m venv .venv-talk
	.venv-talk/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[talk]'
	touch $@

# mediapipe of the train extra takes protobuf 4 only; pipecat and LiveKit take 5 and newer.
.venv-agents/.complete: pyproject.toml
	$(PYTHON) -m venv .venv-agents
	.venv-agents/bin/python -m pip install --quiet --disable-pip-version-check \
		--editable '.[talk,pipecat,livekit,agents-test]'
	.venv-agents/bin/python -c 'import pipecat_speech2lip, livekit.plugins.speech2lip'
	touch $@

.venv-agents/.ray: .venv-agents/.complete
	.venv-agents/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[ray]'
	touch $@
