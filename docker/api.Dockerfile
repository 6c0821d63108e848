# syntax=docker/dockerfile:1
# hummingbot-api with this connector: it lists connectors, checks keys and reads accounts with a Hummingbot of its own.
#   docker build -f docker/api.Dockerfile -t hyperliquid/hummingbot-api:latest .

# A tag or a digest of the image that the project publishes.
ARG API=hummingbot/hummingbot-api:latest

FROM ${API} AS wheel
ARG PYTHON=/opt/conda/envs/hummingbot-api/bin/python
WORKDIR /build
COPY requirements/build.txt requirements/build.txt
RUN "$PYTHON" -m venv tools && \
    tools/bin/python -m pip install --no-cache-dir --require-hashes -r requirements/build.txt
COPY setup.py pyproject.toml README.md ./
COPY conf conf
COPY hyperliquid_perpetual hyperliquid_perpetual
RUN tools/bin/python -m pip wheel --no-deps --no-build-isolation --wheel-dir wheels .

FROM ${API}
ARG PYTHON=/opt/conda/envs/hummingbot-api/bin/python
WORKDIR /hummingbot-api
COPY requirements/image.txt image/requirements.txt
COPY --from=wheel /build/wheels image/wheels
RUN "$PYTHON" -m pip install --no-cache-dir --no-deps --require-hashes -r image/requirements.txt && \
    "$PYTHON" -m pip install --no-cache-dir --no-deps image/wheels/*.whl && \
    rm -r image
RUN "$PYTHON" -m hyperliquid_perpetual status
# The folder that compose.yaml shares with the bots.
ENV HYPERLIQUID_PERPETUAL_SHARED_LIMITS=/hummingbot-api/bots/scripts/.limits
