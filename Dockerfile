# syntax=docker/dockerfile:1
# blastgauge's image: the program, certificates, a user and its home, and nothing else.
# `go run ./cmd/image` makes the same as an OCI archive without a daemon, and its test runs that.
#
#   docker build -t blastgauge:1.0.0 .
#   docker run --rm blastgauge:1.0.0 demo
#   docker run --rm -v "$PWD:/work" -w /work -u "$(id -u):$(id -g)" -e HOME=/work blastgauge:1.0.0 validate
FROM --platform=$BUILDPLATFORM golang:1.26.8-bookworm AS build
ARG TARGETOS TARGETARCH
WORKDIR /src
# The modules have a layer of their own: a change of the sources fetches none of them again.
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags="-s -w -buildid=" -o /image/usr/local/bin/blastgauge ./cmd/blastgauge
# What the program needs beside itself. Engines look up the user's HOME in /etc/passwd.
RUN install -D -m 0644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt \
 && printf 'root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n' >/image/etc/passwd \
 && printf 'root:x:0:\nnonroot:x:65532:\n' >/image/etc/group \
 && install -d -m 0755 /image/home \
 && install -d -m 1777 /image/tmp \
 && install -d -m 0700 /homes/nonroot

FROM scratch
COPY --from=build /image/ /
# The program writes here: its runs and its list of open runs; and temporary files below
# /tmp. With a read-only root both have to be volumes.
COPY --from=build --chown=65532:65532 /homes/ /home/
ENV PATH=/usr/local/bin
LABEL org.opencontainers.image.title="blastgauge" \
      org.opencontainers.image.description="chaos and fault-injection testing with measured harm" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/blastgauge/blastgauge"
USER 65532:65532
WORKDIR /home/nonroot
ENTRYPOINT ["/usr/local/bin/blastgauge"]
