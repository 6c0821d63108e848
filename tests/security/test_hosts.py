"""Only the venue's hosts are contacted, over TLS that is verified, without redirects, and never the wrong network."""

import contextlib
import ipaddress
import json
import logging
import os
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hyperliquid_perpetual.hyperliquid_perpetual_derivative import HyperliquidPerpetualDerivative
from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.signatures import MAINNET_SOURCE, TESTNET_SOURCE, recover_l1, recover_signer
from hyperliquid_perpetual.sandbox.signed_requests import canonical_bytes, decode_request
from hyperliquid_perpetual.trading.budget import Priority, WeightBudget
from hyperliquid_perpetual.trading.requests import Requests, VenueUnavailable
from hyperliquid_perpetual.trading.websocket import open_websocket
from hyperliquid_perpetual.venue import actions, networks
from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE, Network
from hyperliquid_perpetual.venue.nonces import NonceSource
from hyperliquid_perpetual.venue.replies import Unclear
from hyperliquid_perpetual.venue.signing import Signer
from tests.security.canary import ADDRESS, KEY
from tests.unit.sandbox.client import signed_request, wallet

ROOT = Path(__file__).parents[2]
REAL = {
    Network.MAINNET: ("https://api.hyperliquid.xyz", "wss://api.hyperliquid.xyz/ws"),
    Network.TESTNET: ("https://api.hyperliquid-testnet.xyz", "wss://api.hyperliquid-testnet.xyz/ws"),
}
OURS = {"hyperliquid_perpetual_address": ADDRESS, "hyperliquid_perpetual_secret_key": KEY}


def now_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)


def requests() -> Requests:
    return Requests(Network.SANDBOX, WeightBudget(), now_ms, Signer(KEY), NonceSource(now_ms))


# ---------------------------------------------------------------------------------------------- one network each


@pytest.mark.parametrize("network", REAL)
def test_urls_of_the_real_networks_are_the_venues_whatever_the_environment_says(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SANDBOX_URL_VARIABLE, "http://attacker.example:80")
    monkeypatch.setenv(networks.RATES_DOMAIN_VARIABLE, Network.SANDBOX.value)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://attacker.example:80")
    assert (network.rest_url, network.ws_url) == REAL[network]
    assert Requests(network, WeightBudget(), now_ms).host == network.rest_url.removeprefix("https://")


@pytest.mark.parametrize("network", Network)
async def test_connector_signs_for_the_network_that_it_talks_to(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """URL and source of the signature are two properties of one object, and no variable changes one of them."""
    monkeypatch.setenv(SANDBOX_URL_VARIABLE, "https://api.hyperliquid.xyz.attacker.example")
    monkeypatch.setenv(networks.RATES_DOMAIN_VARIABLE, Network.SANDBOX.value)
    connector = HyperliquidPerpetualDerivative(trading_pairs=["BTC-USD"], domain=network.value, **OURS)
    assert connector._requests.network is network
    assert connector._requests._url == network.rest_url
    assert network.signs_as_mainnet == (network is Network.MAINNET)
    assert network.signs_as_mainnet == (network.rest_url == REAL[Network.MAINNET][0])


def test_no_other_place_names_a_host_or_a_source() -> None:
    """What is written once cannot disagree with itself: hosts of the venue stand in one module of the connector."""
    holders = {"venue", "trading"}
    files = [path for holder in holders for path in (ROOT / "hyperliquid_perpetual" / holder).rglob("*.py")]
    files += (ROOT / "hyperliquid_perpetual").glob("hyperliquid_perpetual_*.py")
    naming = {path.name for path in files if "api.hyperliquid" in path.read_text(encoding="utf-8")}
    assert naming == {"networks.py"}
    asking = {path.name for path in files if ".signs_as_mainnet" in path.read_text(encoding="utf-8")}
    assert asking <= {"networks.py", "requests.py"}


def test_sandbox_named_as_mainnet_still_signs_as_the_sandbox(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(SANDBOX_URL_VARIABLE, "https://api.hyperliquid.xyz")
    assert Network.SANDBOX.signs_as_mainnet is False


def test_signature_for_the_sandbox_is_a_strangers_on_mainnet() -> None:
    action: Any = {"type": "noop"}
    signer = Signer(KEY)
    for is_mainnet, source, other in ((False, TESTNET_SOURCE, MAINNET_SOURCE), (True, MAINNET_SOURCE, TESTNET_SOURCE)):
        signature = signer.sign_action(action, 5, is_mainnet)
        request = decode_request(json.dumps({"action": action, "nonce": 5, "signature": signature}).encode())
        packed = canonical_bytes(request.action)
        assert recover_l1(packed, request, source) == ADDRESS
        assert recover_l1(packed, request, other) != ADDRESS
        assert (recover_signer(request) == ADDRESS) is (not is_mainnet)


async def test_sandbox_refuses_what_was_signed_for_mainnet() -> None:
    async with Sandbox(seed=1, market="still", clock="virtual", newcomers="refuse") as exchange:
        signer = Signer(KEY)
        exchange.fund(ADDRESS)
        nonce = exchange.clock.now()
        action: Any = {"type": "scheduleCancel"}
        body = {"action": action, "nonce": nonce, "signature": signer.sign_action(action, nonce, True)}
        async with aiohttp.ClientSession() as http, http.post(exchange.url + "/exchange", json=body) as response:
            answer = await response.json()
        assert answer["status"] == "err"
        assert "does not exist" in answer["response"]
        assert signed_request(wallet(1), {"type": "noop"})["signature"] != body["signature"]


# ---------------------------------------------------------------------------------------------- TLS, redirects


@pytest.fixture
def self_signed(tmp_path: Path) -> ssl.SSLContext:
    """What a server shows that has no certificate that anybody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


class Impostor:
    """A server in the venue's place; counts what reaches it, and may send everybody elsewhere."""

    def __init__(self, elsewhere: str = "") -> None:
        self.reached: list[str] = []
        self.elsewhere = elsewhere
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.reached.append(request.path)
        if self.elsewhere:
            raise web.HTTPTemporaryRedirect(self.elsewhere + request.path)
        if request.headers.get("upgrade"):
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            return socket
        return web.json_response({})


@contextlib.asynccontextmanager
async def serving(impostor: Impostor, context: ssl.SSLContext | None = None) -> AsyncIterator[Impostor]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", impostor.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    impostor.url = f"{'http' if context is None else 'https'}://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield impostor
    finally:
        await runner.cleanup()


@pytest.fixture
def silent() -> Iterator[None]:
    """Failed handshakes of the server are the point, and no news."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    yield
    logging.getLogger("asyncio").setLevel(logging.NOTSET)


@pytest.mark.usefixtures("silent")
async def test_server_with_a_certificate_of_its_own_is_refused(
    self_signed: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(Impostor(), self_signed) as impostor:
        monkeypatch.setenv(SANDBOX_URL_VARIABLE, impostor.url)
        with pytest.raises(VenueUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
            await requests().info({"type": "meta"})
        result = await requests().act(actions.noop(), 1, Priority.ORDER)
        (outcome,) = result.outcomes
        assert isinstance(outcome, Unclear)
        assert "CERTIFICATE_VERIFY_FAILED" in outcome.reason
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            async with open_websocket(Network.SANDBOX.ws_url, 5, 1):
                pass
        assert impostor.reached == []
        # It is the certificate: a client that trusts everybody does get through.
        async with aiohttp.ClientSession() as http, http.get(impostor.url, ssl=False):
            assert impostor.reached == ["/"]


async def test_redirect_of_a_request_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(Impostor()) as other, serving(Impostor(other.url)) as impostor:
        monkeypatch.setenv(SANDBOX_URL_VARIABLE, impostor.url)
        with pytest.raises(VenueUnavailable, match="HTTP 307"):
            await requests().info({"type": "meta"})
        result = await requests().act(actions.noop(), 1, Priority.ORDER)
        assert isinstance(result.outcomes[0], Unclear)
        with pytest.raises(aiohttp.ClientError, match="redirects"):
            async with open_websocket(Network.SANDBOX.ws_url, 5, 1):
                pass
        assert impostor.reached == ["/info", "/exchange", "/ws"]
        assert other.reached == []


async def test_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who can set a variable must not be able to stand between the bot and the venue."""
    async with serving(Impostor()) as proxy, Sandbox(seed=1, market="still", clock="virtual") as exchange:
        monkeypatch.setenv(SANDBOX_URL_VARIABLE, exchange.url)
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert await requests().info({"type": "exchangeStatus"})
        async with open_websocket(Network.SANDBOX.ws_url, 5, 1):
            pass
        assert proxy.reached == []


# ---------------------------------------------------------------------------------------------- what is contacted

GUARDED_RUN = """
import asyncio, json, socket, sys

domain, seconds, keys = sys.argv[1], float(sys.argv[2]), json.loads(sys.argv[3])
asked, connected = set(), set()

def guard(event, arguments):
    if event == "socket.getaddrinfo":
        asked.add(str(arguments[0]))
        if str(arguments[0]) not in ("127.0.0.1", "localhost", "::1"):
            raise OSError("no names are looked up here")
    elif event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        connected.add(f"{arguments[1][0]}:{arguments[1][1]}")
        if not str(arguments[1][0]).startswith("127."):
            raise OSError("nothing is connected to here")

sys.addaudithook(guard)
from hyperliquid_perpetual.hyperliquid_perpetual_derivative import HyperliquidPerpetualDerivative

async def main():
    connector = HyperliquidPerpetualDerivative(trading_pairs=["BTC-USD"], domain=domain, **keys)
    await connector.start_network()
    connector.tick(1.0)
    await asyncio.sleep(seconds)
    ready = connector.ready
    await connector.stop_network()
    return ready

ready = asyncio.run(asyncio.wait_for(main(), 60))
print("ANSWER " + json.dumps({"asked": sorted(asked), "connected": sorted(connected), "ready": ready}))
"""


LOOPBACK = {"127.0.0.1", "localhost", "::1"}
GATEWAY = "127.0.0.1:15888"
"""Where Hummingbot itself looks for its Gateway on the same machine, now and then, whatever connectors there are."""


def guarded_run(domain: str, seconds: float, **environment: str) -> dict[str, Any]:
    """What a connector looks up and connects to in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", GUARDED_RUN, domain, str(seconds), json.dumps(OURS)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=110,
    )
    answers = [line for line in done.stdout.splitlines() if line.startswith("ANSWER ")]
    assert answers, done.stdout[-2000:] + done.stderr[-4000:]
    found: dict[str, Any] = json.loads(answers[0].removeprefix("ANSWER "))
    return found


@pytest.mark.parametrize("network", REAL)
def test_running_connector_looks_up_the_host_of_its_network_and_no_other(network: Network) -> None:
    found = guarded_run(network.value, 4, **{SANDBOX_URL_VARIABLE: "http://attacker.example:80"})
    assert [name for name in found["asked"] if name not in LOOPBACK] == [network.rest_url.removeprefix("https://")]
    assert set(found["connected"]) <= {GATEWAY}
    assert not found["ready"]


def test_running_connector_connects_to_its_sandbox_and_to_nothing_else() -> None:
    with Sandbox.in_thread(seed=1, market="still", block_ms=0) as exchange:
        found = guarded_run(Network.SANDBOX.value, 6, **{SANDBOX_URL_VARIABLE: exchange.url})
    assert set(found["asked"]) <= LOOPBACK
    assert set(found["connected"]) - {GATEWAY} == {exchange.url.removeprefix("http://")}
    assert found["ready"]
