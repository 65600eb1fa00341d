# The image holds one static binary and nothing else: no shell, no package
# manager, no libc. It needs a PostgreSQL of its own, named by DATABASE_URL.

FROM golang:1.26.8 AS build
WORKDIR /src

# nomsgpack leaves a codec out of Gin that no route here speaks: about 6 MB.
ENV CGO_ENABLED=0 GOFLAGS="-trimpath -tags=nomsgpack"

# The modules, and what takes long to compile of them, are layers of their own.
# They change with go.mod and go.sum only.
COPY go.mod go.sum ./
RUN go mod download
RUN go build \
    github.com/alecthomas/kong \
    github.com/gin-gonic/gin \
    github.com/goccy/go-yaml \
    github.com/jackc/pgx/v5/stdlib \
    github.com/pressly/goose/v3 \
    github.com/prometheus/client_golang/prometheus/promhttp

COPY . .
ARG VERSION=devel
RUN go build -ldflags "-s -w -X main.version=${VERSION}" -o /exportbuckets ./cmd/exportbuckets

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /exportbuckets /exportbuckets

# The user nonroot, as a number: Kubernetes' runAsNonRoot cannot check a name.
USER 65532:65532

# Inside a container the loopback interface is nobody's. What is reachable from
# outside is for the published port to say.
ENV EXPORTBUCKETS_LISTEN=:8080
EXPOSE 8080 8081

HEALTHCHECK --interval=10s --timeout=4s --start-period=90s --retries=3 \
    CMD ["/exportbuckets", "healthcheck"]

ENTRYPOINT ["/exportbuckets"]
CMD ["serve"]
