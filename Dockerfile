# The gate as an image: one static binary, the certificates of the public authorities, and a user that is not root.
#
#     docker build --tag rungate .
#     docker run --rm --volume "$PWD:/workspace:ro" rungate check --dry-run
#
# `scripts/image` packs a binary that is built already in the same way, without a registry.
FROM rust:1.91-alpine3.22 AS build
# aws-lc (TLS) is C; the certificates are those of the distribution.
RUN apk add --no-cache build-base ca-certificates cmake perl
WORKDIR /source
COPY . .
RUN cargo build --release --locked --bin rungate && \
    install -D -m 755 target/release/rungate /image/usr/local/bin/rungate && \
    install -D -m 644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt && \
    install -d -m 1777 /image/tmp && \
    install -d /image/workspace && \
    printf 'rungate:x:65532:65532::/tmp:/none\n' >/image/etc/passwd && \
    printf 'rungate:x:65532:\n' >/image/etc/group

FROM scratch
COPY --from=build /image /
ENV PATH=/usr/local/bin HOME=/tmp SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
# Where Cloud Build and Cloud Deploy put the source.
WORKDIR /workspace
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/rungate"]
CMD ["--help"]
