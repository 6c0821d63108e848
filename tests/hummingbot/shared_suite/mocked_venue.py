"""A venue for tests that know requests by their URL only.

Hummingbot's suite tells its HTTP mock what to answer by method and URL. This venue has one URL for all reads and one
for all actions, both POST, and looks at the body. ``as_urls`` puts the type that stands in the body into the URL: a
read of the order status is answered as ``GET …/info?type=orderStatus``, an order as ``POST …/exchange?type=order``.
The request that is kept is the one that was sent, body and all.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any
from unittest.mock import patch

import aiohttp
from aiohttp.client import _RequestContextManager
from aioresponses import aioresponses
from aioresponses.core import RequestMatch
from yarl import URL

from hyperliquid_perpetual.venue.networks import Network

BASE_URL = Network.MAINNET.rest_url


def read_url(kind: str) -> str:
    """Under which an info request is known to the mock."""
    return f"{BASE_URL}/info?type={kind}"


def action_url(kind: str) -> str:
    """Under which a signed action is known to the mock."""
    return f"{BASE_URL}/exchange?type={kind}"


def body_of(call: Any) -> dict[str, Any]:
    """The JSON that a request carried."""
    body: dict[str, Any] = json.loads(call.kwargs["data"])
    return body


@contextlib.contextmanager
def as_urls(at_rest: Mapping[str, Any]) -> Iterator[None]:
    """Lets the mock see types in URLs, and keeps everything else off the network.

    :param at_rest: what the venue answers to reads that a test says nothing about, by type.
    """

    def post(session: aiohttp.ClientSession, url: str, *, data: bytes, **options: Any) -> _RequestContextManager:
        body = json.loads(data)
        if "action" in body:
            return _RequestContextManager(session._request("POST", action_url(body["action"]["type"]), data=data))
        return _RequestContextManager(session._request("GET", read_url(body["type"]), data=data))

    async def no_network(session: aiohttp.ClientSession, method: str, url: str, **options: Any) -> None:
        raise aiohttp.ClientConnectionError(f"no test of the suite may reach {url}")

    configured = aioresponses.match

    async def match(mock: aioresponses, method: str, url: URL, **options: Any) -> Any:
        answer = await configured(mock, method, url, **options)
        kind = url.query.get("type")
        if answer is None and method == "GET" and kind in at_rest:
            return await RequestMatch(url, body=json.dumps(at_rest[kind])).build_response(url)
        return answer

    with (
        patch.object(aiohttp.ClientSession, "post", post),
        patch.object(aiohttp.ClientSession, "_request", no_network),
        patch.object(aioresponses, "match", match),
    ):
        yield


# --- What the venue says, in its own words


def resting(oid: int) -> dict[str, Any]:
    """The reply to an order that rests on the book."""
    return _statuses("order", {"resting": {"oid": oid}})


def cancelled(*statuses: Any) -> dict[str, Any]:
    """The reply to cancels; without an argument one that succeeded."""
    return _statuses("cancel", *(statuses or ("success",)))


def refused(text: str) -> dict[str, Any]:
    """The reply to an action that was refused as a whole."""
    return {"status": "err", "response": text}


def _statuses(kind: str, *statuses: Any) -> dict[str, Any]:
    return {"status": "ok", "response": {"type": kind, "data": {"statuses": list(statuses)}}}


def meta(*markets: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of one dex."""
    return {"universe": list(markets), "marginTables": [], "collateralToken": 0}


def wallet(**tokens: tuple[str, str]) -> dict[str, Any]:
    """The spot wallet, as (total, hold) by token."""
    return {
        "balances": [
            {"coin": coin, "token": index, "total": total, "hold": hold, "entryNtl": "0.0", "ltv": "0.5"}
            for index, (coin, (total, hold)) in enumerate(tokens.items())
        ]
    }


def clearinghouse(*positions: Mapping[str, Any], time: int = 1_640_780_000_000) -> dict[str, Any]:
    """What an account has on one dex."""
    summary = {"accountValue": "2000.0", "totalNtlPos": "0.0", "totalRawUsd": "2000.0", "totalMarginUsed": "0.0"}
    return {
        "marginSummary": summary,
        "crossMarginSummary": summary,
        "crossMaintenanceMarginUsed": "0.0",
        "withdrawable": "2000.0",
        "assetPositions": [{"type": "oneWay", "position": position} for position in positions],
        "time": time,
    }


def frame(channel: str, data: Any) -> str:
    """A WebSocket frame."""
    return json.dumps({"channel": channel, "data": data})
