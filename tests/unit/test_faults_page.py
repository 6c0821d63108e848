"""docs/faults.md says of every kind what the sandbox does, and every example on it works."""

import re
from pathlib import Path

import aiohttp
import msgspec
import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.faults import KINDS, FaultPlan, parse_fault
from hyperliquid_perpetual.sandbox.faults.kinds import COMMON, Field
from tests.unit.sandbox.client import Client, order, orders, until, wallet

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "faults.md").read_text()
BUY = orders(order(0, True, "80000", "0.01"))


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def described(field: Field) -> str:
    """A parameter as the page has it."""
    default = field.default
    if default is None or default == "":
        return f"`{field.name}` {field.valid}"
    shown = str(default).lower() if isinstance(default, bool) else str(default).removesuffix(".0")
    return f"`{field.name}` {field.valid} (default {shown})"


def test_table_has_every_kind_with_all_that_it_does_and_takes() -> None:
    rows = {
        name: (does, takes)
        for name, does, takes in re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \|$", PAGE, re.MULTILINE)
    }
    assert list(rows) == list(KINDS)
    for name, kind in KINDS.items():
        takes = [described(field) for field in kind.parameters]
        common = [f"`{field}`" for field in kind.fields if field in COMMON]
        if kind.lasts is not None:
            common[common.index("`lasts`")] += f" (default {kind.lasts:g})"
        takes.append(" ".join(common))
        assert rows[name] == (kind.does, "<br>".join(takes)), name


def test_what_many_kinds_take_is_explained() -> None:
    assert set(COMMON) == set(re.findall(r"^\| `(\w+)` \| [^|]+ \|$", PAGE, re.MULTILINE))


def test_lines_and_json_on_the_page_are_faults() -> None:
    lines = re.findall(r'--fault "([^"]+)"', PAGE)
    assert len(lines) == 3
    for line in lines:
        parse_fault(line)
    assert len(blocks("json")) == 2
    for text in blocks("json"):
        assert FaultPlan.from_data(msgspec.json.decode(text)).faults


async def test_python_on_the_page_runs() -> None:
    (text,) = blocks("python")
    async with Sandbox(seed=1, market="still", clock="virtual") as sandbox:
        exec(text, {"sandbox": sandbox})  # noqa: S102 - what the page tells its reader to run
        assert sandbox.faults.armed == ()


async def test_plan_on_the_page_makes_happen_what_it_says(tmp_path: Path) -> None:
    (text,) = blocks("toml")
    file = tmp_path / "plan.toml"
    file.write_text(text)
    plan = FaultPlan.from_file(file)
    async with (
        Sandbox(seed=1, market="still", clock="virtual", fault_plan=plan) as sandbox,
        Client(sandbox, wallet(11)) as client,
    ):
        sandbox.fund(client.address)
        for number in (1, 2):
            with pytest.raises((aiohttp.ClientConnectionError, aiohttp.ClientOSError)):
                await client.act(BUY)
            assert len(sandbox.open_orders(client.address)) == number
        assert (await client.act(BUY))["status"] == "ok"
        await sandbox.clock.advance(10)
        for _ in range(4):
            assert (await client.post("/info", {"type": "meta"}))[0] == 503
        await sandbox.clock.advance(2)
        await client.info("meta")
        await sandbox.clock.advance(8)
        await until(lambda: sandbox.faults.counts["outage"])
        counts = dict(sandbox.faults.counts)
    listed = dict(re.findall(r"^ +(\d+) x (\w+)$", PAGE, re.MULTILINE))
    assert counts == {kind: int(count) for count, kind in listed.items()} == {"drop_reply": 2, "status": 4, "outage": 1}
