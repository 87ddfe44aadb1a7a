# What there is to run. Each target is one command; see CONTRIBUTING.md.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO       ?= go
FUZZTIME ?= 30s

.PHONY: run build test lint bench fuzz soak clean help

run: ## start a server from this tree
	$(GO) run ./cmd/sallyport serve

build: ## build bin/sallyport
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/sallyport ./cmd/sallyport

test: ## run every test on both databases, bringing what is missing
	./test/run

lint: ## go vet and gofmt
	$(GO) vet ./...
	@unformatted=$$(gofmt -l .); \
	if [[ -n $$unformatted ]]; then printf 'not formatted by gofmt:\n%s\n' "$$unformatted"; exit 1; fi

bench: ## compare with peers, in the bench module
	cd bench && $(GO) run .

# go test fuzzes one target of one package at a time, so they are listed first:
# it prints a package's targets, then "ok" and the package.
fuzz: ## fuzz each target for FUZZTIME (30s)
	@$(GO) test -list '^Fuzz' ./... | \
	awk '/^Fuzz/ {target[++n] = $$1} /^ok/ {while (n) print $$2, target[n--]}' | \
	while read -r package target; do \
		echo "$$package $$target"; \
		$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$package" </dev/null; \
	done

soak: ## run the long tests
	SALLYPORT_SOAK=1 $(GO) test -run Soak -timeout 60m ./...

clean: ## remove what the other targets made
	rm -rf bin

help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-6s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
