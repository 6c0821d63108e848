# syntax=docker/dockerfile:1
# A Hummingbot with this connector in the place of its own. Build it from the root of the repository:
#   docker build -f docker/bot.Dockerfile -t hyperliquid/hummingbot:latest .
# The name has to end in /hummingbot: hummingbot-api takes only such containers for bots.
# `python docker/rehearse.py` runs every RUN step of this file on a machine without Docker.

# A tag or a digest of Hummingbot's own image; the releases that were tested are in docs/compatibility.md.
ARG HUMMINGBOT=hummingbot/hummingbot:latest

FROM ${HUMMINGBOT} AS wheel
ARG PYTHON=/opt/conda/envs/hummingbot/bin/python
WORKDIR /build
COPY requirements/build.txt requirements/build.txt
RUN "$PYTHON" -m venv tools && \
    tools/bin/python -m pip install --no-cache-dir --require-hashes -r requirements/build.txt
COPY setup.py pyproject.toml README.md ./
COPY conf conf
COPY hyperliquid_perpetual hyperliquid_perpetual
RUN tools/bin/python -m pip wheel --no-deps --no-build-isolation --wheel-dir wheels .

FROM ${HUMMINGBOT}
ARG PYTHON=/opt/conda/envs/hummingbot/bin/python
WORKDIR /home/hummingbot
COPY requirements/image.txt image/requirements.txt
COPY --from=wheel /build/wheels image/wheels
# Two steps, so that what is fetched is checked by its hash, and the wheel of this checkout needs none.
RUN "$PYTHON" -m pip install --no-cache-dir --no-deps --require-hashes -r image/requirements.txt && \
    "$PYTHON" -m pip install --no-cache-dir --no-deps image/wheels/*.whl && \
    rm -r image
# Fails here, and not in a running bot, when Hummingbot would get another connector, or a requirement is missing.
RUN "$PYTHON" -m hyperliquid_perpetual status && \
    "$PYTHON" -c "from hummingbot.connector.derivative.hyperliquid_perpetual.hyperliquid_perpetual_derivative import HyperliquidPerpetualDerivative as It; assert It.__module__.startswith('hyperliquid_perpetual.'), It"
COPY conf/scripts/*.py scripts/
COPY conf/controllers/market_making/*.py controllers/market_making/
COPY conf/controllers/directional_trading/*.py controllers/directional_trading/
# hummingbot-api mounts one and the same folder of scripts into all its bots, and no other that they share: there they
# count together what the venue grants their address (docs/limits.md).
ENV HYPERLIQUID_PERPETUAL_SHARED_LIMITS=/home/hummingbot/scripts/.limits
