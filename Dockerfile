# The image of dprobe's agent, the same that the CLI carries and loads by itself: for registries, and for policies that want
# images from a build of their own. Tell dprobe of it with --agent-image or DPROBE_AGENT_IMAGE.
#
#   docker build -t dprobe-agent .                        from source
#   docker build -t dprobe-agent --target prebuilt .      from dist/dprobe-agent, a static executable; needs no registry
#
# The stage without a base image comes first: the classic builder works through every stage in front of its target.

ARG RUST_IMAGE=rust:1-alpine

FROM scratch AS prebuilt
LABEL io.dprobe.agent-image="0.1.0"
USER 65534:65534
WORKDIR /
ENTRYPOINT ["/dprobe-agent"]
# The other names of the binary, and the binary itself where there is one; a pattern may match nothing.
COPY agent/rootfs/ dist/dprobe-agen[t] /

FROM ${RUST_IMAGE} AS build
# The C compiler is for the TLS library.
RUN apk add --no-cache gcc musl-dev
WORKDIR /src
COPY . .
RUN cargo build --locked --package dprobe-agent --profile agent && cp target/agent/dprobe-agent /dprobe-agent

FROM prebuilt
COPY --from=build /dprobe-agent /dprobe-agent
