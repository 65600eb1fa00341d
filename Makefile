# The tools are pinned in tools/go.mod, a module of their own.
TOOL := go tool -modfile=tools/go.mod
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)

.PHONY: run build sbom test torture bench generate vendor-docs lint check image

# Without a DATABASE_URL the server runs a private PostgreSQL.
run:
	@test -n "$$DATABASE_URL" || tools/need postgres
	go run ./cmd/exportbuckets serve

# The flags are those of the Dockerfile.
build:
	CGO_ENABLED=0 go build -trimpath -tags nomsgpack -ldflags "-s -w -X main.version=$(VERSION)" \
		-o bin/exportbuckets ./cmd/exportbuckets

# What is in the program, in CycloneDX.
sbom: build
	$(TOOL) cyclonedx-gomod bin -json -licenses -version $(VERSION) -output bin/exportbuckets.cdx.json bin/exportbuckets

test:
	@tools/need bash curl openssl postgres
	go test -timeout 30m ./...

# Takes some minutes and wants the machine for itself. BENCH has its flags:
# make bench BENCH=--help.
bench:
	@tools/need pgbench postgres
	go build -C tools/bench -o ../../bin/bench .
	bin/bench $(BENCH)

# The tests of reliability in their long form: TORTURE is how long each goes on, as in
# make torture TORTURE=10m.
torture:
	@tools/need bash
	tools/torture

generate:
	$(TOOL) sqlc generate

# Redoc, which is committed so that a fresh clone builds.
vendor-docs:
	tools/vendor-docs

lint:
	$(TOOL) golangci-lint run
	for module in testcontainers tools/bench tools/browser tools/stranger; do \
	  (cd $$module && go tool -modfile=$(CURDIR)/tools/go.mod golangci-lint run -c $(CURDIR)/.golangci.yml) || exit 1; \
	done

# What .ci/run checks, but for the containers.
check:
	CONTAINERS=off .ci/run

image:
	docker build --build-arg VERSION=$(VERSION) --tag exportbuckets .
