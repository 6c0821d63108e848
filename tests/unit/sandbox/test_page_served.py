"""How the page is served: its headers, its files, and to whom. What it does is in `test_page.py`."""

from typing import Any

import aiohttp
import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.page.files import STATIC, PageFiles
from tests.unit.sandbox.client import Client


async def get(exchange: Sandbox, path: str, **headers: str) -> tuple[int, Any, str]:
    async with aiohttp.ClientSession() as http, http.get(exchange.url + path, headers=headers) as response:
        return response.status, response.headers, await response.text()


async def test_page_lets_nothing_in_from_elsewhere(exchange: Sandbox) -> None:
    status, headers, text = await get(exchange, "/")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    socket = exchange.url.replace("http:", "ws:")
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": f"'self' {socket}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-cache"
    assert "access-control-allow-origin" not in headers
    assert "<script>" not in text
    assert "style=" not in text
    assert "://" not in text


async def test_every_file_that_the_page_names_is_served_with_its_type(exchange: Sandbox) -> None:
    for name, kind in (("app.js", "text/javascript"), ("page.css", "text/css"), ("icon.svg", "image/svg+xml")):
        status, headers, _ = await get(exchange, f"/page/{name}")
        assert (status, headers["content-type"]) == (200, f"{kind}; charset=utf-8")


def test_no_script_makes_markup_of_data_or_names_another_host() -> None:
    scripts = sorted(STATIC.glob("*.js"))
    assert len(scripts) > 10
    for script in scripts:
        text = script.read_text()
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "https://", "http://"):
            assert word not in text, (script.name, word)


async def test_file_that_a_browser_has_is_not_sent_again(exchange: Sandbox) -> None:
    _, headers, text = await get(exchange, "/page/app.js")
    status, _, again = await get(exchange, "/page/app.js", **{"if-none-match": headers["etag"]})
    assert text
    assert (status, again) == (304, "")
    status, _, again = await get(exchange, "/page/app.js", **{"if-none-match": '"another"'})
    assert (status, again) == (200, text)


@pytest.mark.parametrize("path", ["/page/", "/page/nothing.js", "/page/..%2ffiles.py", "/page/%2e%2e%2f__init__.py"])
async def test_nothing_else_is_served(exchange: Sandbox, path: str) -> None:
    status, _, text = await get(exchange, path)
    assert status == 404
    assert "import" not in text


@pytest.mark.parametrize("path", ["/", "/page/app.js", "/sandbox/summary"])
@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://somewhere.example"}, {"host": "somewhere.example"}, {"origin": "null"}],
)
async def test_pages_of_other_sites_cannot_have_it(exchange: Sandbox, path: str, headers: dict[str, str]) -> None:
    status, _, text = await get(exchange, path, **headers)
    assert status == 403
    assert "only" in text or "not for" in text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1;script-src *", "a b", "[::1]:x", "", "localhost:80"])
async def test_policy_stays_whole_whatever_the_host_is_called(exchange: Sandbox, host: str) -> None:
    status, headers, _ = await get(exchange, "/", host=host)
    assert status in (200, 400, 403)
    policy = headers.get("content-security-policy", "")
    assert policy.count("script-src") == (1 if policy else 0)
    assert "*" not in policy


def test_address_that_others_reach_shows_the_page_there_and_a_loopback_address_does_not() -> None:
    assert not PageFiles("0.0.0.0")._is_local  # noqa: S104 - not bound
    assert not PageFiles("192.0.2.7")._is_local
    assert PageFiles("127.0.0.1")._is_local
    assert PageFiles("::1")._is_local
    assert PageFiles("localhost")._is_local


async def test_paths_of_the_venue_are_what_they_were(exchange: Sandbox) -> None:
    assert (await get(exchange, "/info"))[0] == 405
    assert (await get(exchange, "/exchange"))[0] == 405
    assert (await get(exchange, "/ws"))[0] == 400
    assert (await get(exchange, "/nothing"))[0] == 404


async def test_summary_counts_and_names_who_trades(exchange: Sandbox, alice: Client) -> None:
    sub_account = exchange.create_sub_account(alice.address, "grid", 100)
    await alice.info("meta")
    status, _, _ = await get(exchange, "/sandbox/summary")
    async with aiohttp.ClientSession() as http, http.get(f"{exchange.url}/sandbox/summary") as response:
        summary = await response.json()
    assert status == 200
    assert (summary["seed"], summary["market"], summary["websockets"], summary["requests"]) == (1, "still", 0, 1)
    assert summary["weight"] == exchange.api.meter.total == 20
    assert summary["maintenance"] == {"halted": False, "postOnly": False, "capped": []}
    assert summary["listed"] == len(exchange.engine.markets)
    assert summary["delisted"] == 1
    assert summary["accounts"][1:] == [
        {"address": alice.address, "kind": "user", "mode": "default"},
        {"address": sub_account, "kind": "subAccount", "mode": "default", "name": "grid", "master": alice.address},
    ]
    exchange.maintenance.post_only()
    exchange.listings.delist("ETH")
    async with aiohttp.ClientSession() as http, http.get(f"{exchange.url}/sandbox/summary") as response:
        summary = await response.json()
    assert summary["maintenance"]["postOnly"] is True
    assert summary["delisted"] == 2
