"""Where public data comes from: a network by name or URL, its metadata, and the coins that somebody wants of it."""

import asyncio
import difflib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from hyperliquid_perpetual.sandbox.recording.records import CANNOT_READ, Metadata
from hyperliquid_perpetual.venue.networks import Network

FAVOURITE_COINS = ("BTC", "ETH", "SOL", "HYPE")
"""What is followed of a venue when nobody says what, as far as it is listed there."""
MAX_COINS = 200
"""Each takes five of the 1000 subscriptions that an address may have (reference, section 9.2)."""
RETRY_SECONDS = (1.0, 2.0, 4.0)
"""Waits between attempts at a request that was refused for load."""

_SECONDS = aiohttp.ClientTimeout(total=30, connect=10)


class SourceError(Exception):
    """A venue that cannot be read, or a coin that it does not have; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Source:
    """A place that speaks the venue's protocol."""

    name: str
    url: str

    def __str__(self) -> str:
        return self.url if self.name == self.url else f"{self.name} ({self.url})"

    @property
    def ws_url(self) -> str:
        """The URL of its WebSocket (reference, section 1)."""
        return "ws" + self.url.removeprefix("http") + "/ws"


def source_of(text: str) -> Source:
    """A source by its name (`mainnet`, `testnet`, `sandbox`) or the base URL of its REST API.

    :raises ValueError: for anything else.
    """
    networks = {network.name.lower(): network for network in Network}
    if text in networks:
        return Source(text, networks[text].rest_url)
    url = text.rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError(f"{text!r} is no source: give {', '.join(networks)}, or a URL such as http://127.0.0.1:3001")
    return Source(url, url)


async def fetch_metadata(source: Source, coins: Sequence[str] | None) -> tuple[Metadata, tuple[str, ...]]:
    """The metadata of a source, and the coins to follow: those asked for, or a few that many trade.

    :raises SourceError: when it cannot be had, or a coin is not listed.
    """
    wanted = None if coins is None else tuple(dict.fromkeys(coins))
    if wanted is not None and not 1 <= len(wanted) <= MAX_COINS:
        raise SourceError(f"give 1 to {MAX_COINS} coins, not {len(wanted)}")
    async with aiohttp.ClientSession(timeout=_SECONDS, trace_configs=[refuse_redirects()]) as http:
        perp_dexs = await _info(http, source, {"type": "perpDexs"}, list)
        known = {
            "": None,
            **{entry["name"]: None for entry in perp_dexs if isinstance(entry, dict) and "name" in entry},
        }
        dexs: dict[str, list[Any]] = {}
        for coin in ("", *(wanted or ())):
            dex = coin.partition(":")[0] if ":" in coin else ""
            if dex not in known:
                names = ", ".join(name for name in known if name) or "none"
                raise SourceError(f"{source.name} has no dex {dex!r} for {coin}; its HIP-3 dexs are: {names}")
            if dex not in dexs:
                dexs[dex] = await _info(http, source, {"type": "metaAndAssetCtxs", "dex": dex}, list)
        spot_meta = await _info(http, source, {"type": "spotMeta"}, dict)
    try:
        listed = [
            entry["name"] for meta, _ in dexs.values() for entry in meta["universe"] if not entry.get("isDelisted")
        ]
        collateral = {0, *(meta.get("collateralToken", 0) for meta, _ in dexs.values())}
        tokens = [token for token in spot_meta["tokens"] if token["index"] in collateral]
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise SourceError(f"the metadata of {source.name} cannot be read: {error!r}") from None
    if wanted is None:
        wanted = tuple(coin for coin in FAVOURITE_COINS if coin in listed) or tuple(listed[:3])
        if not wanted:
            raise SourceError(f"{source.name} lists no market")
    _check_coins(source, wanted, listed)
    return Metadata(perp_dexs, {"universe": [], "tokens": tokens}, dexs), wanted


def _check_coins(source: Source, wanted: Iterable[str], listed: list[str]) -> None:
    """The venue drops the whole socket for one unknown coin (section 8.1), so names are checked before."""
    by_folded = {coin.casefold(): coin for coin in listed}
    for coin in wanted:
        if coin in listed:
            continue
        near = difflib.get_close_matches(coin.casefold(), by_folded, n=3, cutoff=0.5)
        hint = f"; near it: {', '.join(by_folded[name] for name in near)}" if near else ""
        raise SourceError(f"{source.name} does not list {coin!r}{hint}")


async def _info[Kind](http: aiohttp.ClientSession, source: Source, request: dict[str, Any], kind: type[Kind]) -> Kind:
    for wait in (*RETRY_SECONDS, None):
        try:
            async with http.post(source.url + "/info", json=request, allow_redirects=False) as response:
                body = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise SourceError(f"{source} cannot be reached: {_reason(error)}") from None
        if response.status == 200:
            break
        if wait is None or (response.status != 429 and response.status < 500):
            raise SourceError(f"{source.name} answers {request['type']} with HTTP status {response.status}")
        await asyncio.sleep(wait)
    try:
        found = msgspec.json.decode(body)
    except CANNOT_READ:
        found = None
    if not isinstance(found, kind):
        raise SourceError(f"{source.name} does not answer {request['type']} as the venue does: {body[:80]!r}")
    return found


def _reason(error: Exception) -> str:
    """What went wrong, without the address, which aiohttp repeats."""
    if isinstance(error, aiohttp.ClientConnectorError):
        inner = error.os_error
        # Numbers below zero are the resolver's own.
        number = inner.errno or 0
        return os.strerror(number) if number > 0 else inner.strerror or str(inner)
    return str(error) or type(error).__name__


def refuse_redirects() -> aiohttp.TraceConfig:
    """For a session whose requests must end where they were sent to, WebSockets too."""

    async def refuse(session: Any, context: Any, parameters: aiohttp.TraceRequestRedirectParams) -> None:
        raise aiohttp.ClientError(f"the server redirects to {parameters.response.headers.get('Location')!r}")

    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(refuse)
    return trace
