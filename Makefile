# `make` alone lists the targets. Set-up runs by itself before whatever needs it, and is silent once all is there.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# sudo forgets where Go is; its usual place is worth a look.
export PATH := $(PATH):/usr/local/go/bin
# OpenCV and Fyne talk on standard error about things that are fine.
export OPENCV_LOG_LEVEL ?= ERROR
export OPENCV_VIDEOIO_PRIORITY_GSTREAMER ?= 0

# What `make demo` asks of the photos in assets/photos: things to box, and stuff to paint.
FIND    ?= cat, dog, horse, person, cup, spoon, teddy bear
SEGMENT ?= grass, table, sky, tree
SCORE   ?= 0.35
PHOTOS  ?= assets/photos
OUT     ?= out/demo

# Fyne's own thread checks are for programs from before its version 2.6; ours only uses fyne.Do.
TAGS    := migrated_fynedo
# Fyne fades the cursor of a text field in and out for ever, which draws the whole window sixty times a second: a third of a
# core where OpenGL is software, for a window that nobody touches. The program's cursor stands still.
STILL   := no_animations
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## fetch what a build needs and this machine lacks (system packages, Go modules, ONNX Runtime)
	@scripts/setup.sh build

.PHONY: build
build: setup ## write bin/saysee (minutes the first time: OpenCV's and the window's bindings are compiled)
	@echo "build: bin/saysee $(VERSION)"
	@go build -trimpath -buildvcs=false -tags $(TAGS),$(STILL) -ldflags '-s -w -X main.version=$(VERSION)' -o bin/saysee ./app

.PHONY: demo
demo: build ## label the bundled photos into out/demo, and show what each pack makes of them side by side
	@bin/saysee label $(PHOTOS) --find "$(FIND)" --segment "$(SEGMENT)" --score $(SCORE) --inside 0.85 --out $(OUT) --format picture,coco,json
	@bin/saysee compare $(PHOTOS) --find "$(FIND)" --segment "$(SEGMENT)" --inside 0.85 --out $(OUT)/compare.jpg

.PHONY: run
run: build ## open the window
	@bin/saysee

# Everything under the race detector, OpenCV's and Fyne's bindings too: from empty caches that compiles for three to four
# minutes on two cores, and then for seconds. `go vet` shares the work by looking at the same race build.
.PHONY: test
test: ## run every test (race detector, random order), vet, and the rules of the house
	@scripts/setup.sh test
	@go vet -race -tags $(TAGS) ./...
	@env -u LC_ALL -u LANGUAGE LANG=en_US.UTF-8 go test -race -shuffle=on -tags $(TAGS) ./...

.PHONY: bench
bench: build ## measure: stages, Go benchmarks, and a Python peer on the same models and photos, side by side
	@scripts/setup.sh bench
	@FIND="$(FIND)" SCORE="$(SCORE)" PHOTOS="$(PHOTOS)" TAGS="$(TAGS)" scripts/bench.sh

.PHONY: lint
lint: setup ## format check, staticcheck and, where installed, golangci-lint
	@files=$$(go run mvdan.cc/gofumpt@v0.9.2 -l $$(git ls-files '*.go')); \
	  if [ -n "$$files" ]; then echo "not gofumpt'ed:"; echo "$$files"; exit 1; fi
	@go run honnef.co/go/tools/cmd/staticcheck@v0.7.0 -tags $(TAGS) ./...
	@if command -v golangci-lint >/dev/null; then golangci-lint run; else echo "lint: no golangci-lint here, skipped"; fi

.PHONY: clean
clean: ## remove bin/ and out/; what set-up fetched stays in .cache/
	@rm -rf bin out
