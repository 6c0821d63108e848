"""docs/world.md names only what the sandbox really offers."""

import re
from pathlib import Path

from aiohttp import web

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.control import Control

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "world.md").read_text()


def test_every_path_on_the_page_is_a_route() -> None:
    app = web.Application()
    Control(Sandbox(market="empty")).add_routes(app)
    routes = {route.resource.canonical for route in app.router.routes() if route.resource is not None}
    named = set(re.findall(r"`(/sandbox/\w+)`", PAGE))
    assert named
    assert named <= routes


def test_every_call_on_the_page_exists() -> None:
    sandbox = Sandbox(market="empty")
    calls = set(re.findall(r"`sandbox\.([\w.]+)", PAGE))
    assert {"listings.delist", "maintenance.halt", "set_quirk"} <= calls
    for call in calls:
        found: object = sandbox
        for name in call.split("."):
            found = getattr(found, name)
