# The same steps as `cargo xtask demo`, without the sample project. `Dockerfile.cuda` is for NVIDIA GPUs.
#
#     docker build --tag temper .
#     docker run --publish 127.0.0.1:8080:8080 --volume temper:/data temper
#
# The first run prints the code for /setup. Put a reverse proxy with TLS before it, and then set
# TEMPER_SECURE_COOKIES=true and TEMPER_CLIENT_ADDRESS_HEADER.

FROM rust:1-bookworm AS build
WORKDIR /temper
COPY . .
RUN cargo xtask frontend \
    && cargo build --release --locked --package server

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --home-dir /data --create-home temper
# To know the hub by, from which base models are downloaded.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /temper/target/release/temper /usr/local/bin/temper
COPY --from=build /temper/target/frontend /usr/local/share/temper/frontend
ENV TEMPER_ASSETS=/usr/local/share/temper/frontend \
    TEMPER_DATA_DIR=/data \
    TEMPER_LISTEN=0.0.0.0:8080
USER temper
VOLUME /data
EXPOSE 8080
# The server drains its work at this signal.
STOPSIGNAL SIGTERM
ENTRYPOINT ["temper"]
CMD ["serve"]
