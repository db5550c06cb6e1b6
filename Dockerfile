# A small image: the program, its component, and the certificates of the authorities. `cargo xtask package` comes first, which
# makes `target/package/image`.
#
#   docker build --tag host-harness .
#   docker run --publish 8090:8090 --env HOST_HARNESS_KEY --env AZURE_OPENAI_ENDPOINT --env AZURE_OPENAI_API_KEY host-harness

FROM debian:stable-slim AS certificates
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates

FROM scratch
COPY --from=certificates /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY target/package/image/ /
# Nobody's: it needs no rights and writes no files.
USER 65532:65532
EXPOSE 8090
ENTRYPOINT ["/opt/host-harness/host-harness"]
# Off the loopback a key is needed: HOST_HARNESS_KEY.
CMD ["serve", "--listen", "0.0.0.0:8090"]
