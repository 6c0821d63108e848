"""Faults asked for from another process, and what the program says about them on its screen."""

import asyncio
import json
import re
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.faults.kinds import KINDS
from tests.unit.sandbox.client import Client

ROOT = Path(__file__).resolve().parents[3]


class Control:
    """The faults of a sandbox, over HTTP."""

    def __init__(self, exchange: Sandbox, http: aiohttp.ClientSession) -> None:
        self._url = exchange.url + "/sandbox/faults"
        self._http = http

    async def __call__(self, method: str, body: Any = None, path: str = "") -> tuple[int, Any]:
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body)
        async with self._http.request(method, self._url + path, data=data) as response:
            return response.status, await response.json()


async def test_faults_are_asked_for_listed_and_taken_away(exchange: Sandbox, alice: Client) -> None:
    control = Control(exchange, alice.http)
    status, state = await control("GET")
    assert [kind["fault"] for kind in state.pop("kinds")] == list(KINDS)
    assert (status, state) == (200, {"faults": [], "random": None, "counts": {}})
    status, answer = await control("POST", "status code=503 next=2")
    assert (status, answer["added"]) == (200, [1])
    status, answer = await control("POST", [{"fault": "mute", "at": 5}, "lose_fills chance=0.5"])
    assert (status, answer["added"]) == (200, [2, 3])
    assert (await alice.post("/info", {"type": "meta"}))[0] == 503
    _, listed = await control("GET")
    assert listed["faults"] == [
        {
            "id": 1,
            "text": "status code=503 next=2",
            "fault": {"fault": "status", "code": 503, "next": 2},
            "isOpen": True,
            "happened": 1,
            "remaining": 1,
        },
        {
            "id": 2,
            "text": "mute at=5",
            "fault": {"fault": "mute", "at": 5.0},
            "isOpen": False,
            "happened": 0,
            "remaining": None,
        },
        {
            "id": 3,
            "text": "lose_fills chance=0.5",
            "fault": {"fault": "lose_fills", "chance": 0.5},
            "isOpen": True,
            "happened": 0,
            "remaining": None,
        },
    ]
    assert listed["counts"] == {"status": 1}
    _, answer = await control("DELETE", path="/1")
    assert [entry["id"] for entry in answer["faults"]] == [2, 3]
    assert (await alice.post("/info", {"type": "meta"}))[0] == 200
    _, answer = await control("DELETE")
    assert answer["faults"] == []


async def test_whole_plan_with_random_faults_is_taken(exchange: Sandbox, alice: Client) -> None:
    control = Control(exchange, alice.http)
    plan = {"seed": 3, "faults": ["outage at=50"], "random": {"seed": 7, "intensity": 30, "only": ["clock_skew"]}}
    status, answer = await control("POST", plan)
    assert status == 200
    assert answer["random"] == plan["random"]
    await exchange.clock.advance(30)
    assert (await control("GET"))[1]["counts"]["clock_skew"] > 5
    async with alice.http.get(exchange.url + "/sandbox/status") as response:
        assert (await response.json())["faults"] == dict(exchange.faults.counts)


async def test_outage_asked_for_is_acknowledged_before_the_door_is_shut(exchange: Sandbox, alice: Client) -> None:
    status, answer = await Control(exchange, alice.http)("POST", "outage lasts=2")
    assert (status, answer["counts"]) == (200, {"outage": 1})
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientConnectorError):
            await http.get(exchange.url + "/sandbox/status")


@pytest.mark.parametrize(
    ("method", "body", "path", "valid"),
    [
        ("POST", "drop_everything", "", "there is no fault 'drop_everything', there are refuse_before"),
        ("POST", b"{", "", "faults are asked for in JSON"),
        ("POST", ["mute", "status code=1"], "", "fault 2: code of status is an HTTP status, 200 to 599, got 1"),
        ("POST", "lose_frames coin=NOPE", "", "NOPE is not listed here"),
        ("DELETE", None, "/7", "there is no fault 7, there are: none"),
        ("DELETE", None, "/x", "there is no fault x, there are: none"),
    ],
)
async def test_bad_wish_is_refused_with_what_would_be_valid(
    exchange: Sandbox, alice: Client, method: str, body: Any, path: str, valid: str
) -> None:
    status, answer = await Control(exchange, alice.http)(method, body, path)
    assert status == 400
    assert valid in answer["error"]
    assert exchange.faults.armed == ()


async def test_page_of_another_site_may_not_ask_for_faults(exchange: Sandbox, alice: Client) -> None:
    headers = {"origin": "https://example.org"}
    async with alice.http.post(exchange.url + "/sandbox/faults", json="mute", headers=headers) as response:
        assert response.status == 403
    assert exchange.faults.armed == ()


async def test_program_follows_its_flags_and_lists_what_happened_at_the_end(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text('[[faults]]\nfault = "status"\ncode = 503\nkind = "meta"\n')
    command = (sys.executable, "-m", "hyperliquid_perpetual", "sandbox", "--port", "0", "--seed", "1")
    flags = (
        "--fault",
        "drop_reply kind=perpDexs",
        "--faults",
        str(plan),
        "--random-faults",
        "9",
        "--fault-rate",
        "0.01",
    )
    process = await asyncio.create_subprocess_exec(
        *command, *flags, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    screen = ""
    try:
        async with asyncio.timeout(60):
            while "Stop with" not in screen:
                screen += (await process.stdout.readline()).decode()
        url = re.search(r"REST +(\S+)", screen)
        assert url is not None
        async with aiohttp.ClientSession() as http:
            async with http.post(url[1] + "/info", json={"type": "meta"}) as response:
                assert response.status == 503
            with pytest.raises((aiohttp.ClientConnectionError, aiohttp.ClientOSError)):
                await http.post(url[1] + "/info", json={"type": "perpDexs"})
    finally:
        process.send_signal(signal.SIGINT)
        rest, errors = await asyncio.wait_for(process.communicate(), 30)
    report = rest.decode()
    assert process.returncode == 0, errors
    assert "Fault asked for: status code=503 kind=meta next=1" in screen
    assert "Fault asked for: drop_reply kind=perpDexs next=1" in screen
    assert "Random faults: seed 9, 0.01 a minute, all kinds." in screen
    assert "Faults that happened:" in report
    assert re.search(r"^ +1 x status$", report, re.MULTILINE)
    assert re.search(r"^ +1 x drop_reply$", report, re.MULTILINE)
