# docker build -t coppice . && docker run -it -p 10000:10000 -p 10001:10001 coppice

# The dependencies are resolved and compiled from Package.swift alone, with a stub for every target of ours.
# As long as it does not change, the engine takes this layer from its cache and only our sources are compiled.
FROM swift:6.3-bookworm AS build
WORKDIR /src
# The libraries of Sources/System; without the names that shared ones are linked by, they are linked in.
RUN apt-get update \
 && apt-get install -y --no-install-recommends libbz2-dev liblzma-dev libsqlite3-dev zlib1g-dev \
 && rm -rf /var/lib/apt/lists/* \
 && cd /usr/lib/*-linux-gnu && rm libbz2.so liblzma.so libsqlite3.so libz.so
COPY Package.* ./
COPY Scripts/stub-targets.sh Scripts/
COPY Sources/System Sources/System
RUN Scripts/stub-targets.sh \
 && swift build -c release --product coppice --static-swift-stdlib \
 && rm -rf Sources
COPY Sources Sources
RUN swift build -c release --product coppice --static-swift-stdlib \
 && strip -o /coppice .build/release/coppice

# XGBoost's library is needed to train the bundled model, and nowhere else.
FROM debian:bookworm-slim AS model
RUN apt-get update \
 && apt-get install -y --no-install-recommends libxgboost0 \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /coppice /app/coppice
RUN /app/coppice train iris --output /models/iris

# The image that runs: libc, libstdc++, certificates and time zones, no shell.
FROM gcr.io/distroless/cc-debian12:nonroot
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Coppice" \
      org.opencontainers.image.description="Trains, serves and scales predictions of tree models" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.base.name="gcr.io/distroless/cc-debian12:nonroot"
COPY --from=build /coppice /app/coppice
COPY --from=model /models /models
ENV COPPICE_HOST=0.0.0.0 COPPICE_PORT=10000
USER 65532:65532
# HTTP and gRPC.
EXPOSE 10000 10001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["/app/coppice", "healthcheck"]
ENTRYPOINT ["/app/coppice"]
CMD ["serve", "/models"]
