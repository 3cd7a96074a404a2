# One build for all our programs; a small image that runs them as a user without rights.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# The caches make a second build compile only what changed.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --release --locked --bins -p command-api -p outbox-relay -p query-api -p migrations -p devstack \
    && mkdir /out \
    && cp target/release/command-api target/release/outbox-relay target/release/query-api target/release/migrate \
       target/release/devstack /out/

# CA certificates are all that our programs need beside the C library: AWS is reached over TLS.
FROM debian:bookworm-slim AS base
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --no-create-home --uid 10001 torioki
USER torioki
ENV LISTEN=0.0.0.0:8080
EXPOSE 8080

# Mints tokens for a running stack and fills it with demo data; for docker compose only.
FROM base AS demo
COPY --from=build /out/devstack /usr/local/bin/
# A new volume that is mounted here takes over its owner.
USER root
RUN mkdir /var/lib/torioki && chown torioki /var/lib/torioki
USER torioki
ENTRYPOINT ["devstack"]

FROM base AS services
COPY --from=build /out/command-api /out/outbox-relay /out/query-api /out/migrate /usr/local/bin/
