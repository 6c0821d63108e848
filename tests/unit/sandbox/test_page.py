"""The page at `/` in a real browser, on a real exchange: what it shows, and what it does to the exchange."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.faults.kinds import KINDS
from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS
from hyperliquid_perpetual.sandbox.subscriptions import UserSubscription
from tests.unit.sandbox.browser import DESKTOP, PHONE, Viewer, chromium, viewing
from tests.unit.sandbox.client import Client, order, orders, signed_request, trigger, until, wallet

pytestmark = pytest.mark.asyncio(loop_scope="module")

BTC, ETH = 0, 1
BETWEEN = (1200, 1199, 1000, 820, 819, 600)
"""Widths of windows around which the page takes another form."""


@pytest.fixture(scope="module")
def wallets() -> Any:
    """Numbers of private keys that no other test of this module has used."""
    return itertools.count(500)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as launched:
        yield launched


@pytest_asyncio.fixture(loop_scope="module")
async def exchange() -> AsyncIterator[Sandbox]:
    """A book in which nobody moves, in real time."""
    async with Sandbox(seed=1, market="still", block_ms=20) as sandbox:
        yield sandbox


@pytest_asyncio.fixture(loop_scope="module")
async def trader(exchange: Sandbox) -> AsyncIterator[Client]:
    """Who trades with the key of the demo account."""
    async with Client(exchange, wallet(1)) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="module")
async def viewer(browser: Browser, exchange: Sandbox) -> AsyncIterator[Viewer]:
    """The page of the exchange as it opens, which in the end must be clean."""
    async with viewing(browser, exchange.url) as opened:
        await opened.is_live()
        yield opened
        opened.assert_clean()


def below(exchange: Sandbox, percent: int, coin: str = "BTC") -> str:
    """A price that is so much below the middle of the book."""
    mid = exchange.book(coin, 1).mid
    assert mid is not None
    return str(int(mid * (100 - percent) / 100))


# ---------------------------------------------------------------------- what it shows


async def test_page_opens_on_the_demo_account_with_everything_in_place(viewer: Viewer, exchange: Sandbox) -> None:
    assert await viewer("#account").input_value() == DEMO_ADDRESS
    coins = await viewer("#market option").evaluate_all("options => options.map(option => option.value)")
    assert coins == list(exchange.market_set.by_coin)
    assert await viewer("#market").input_value() == "BTC"
    await expect(viewer("#chart-state")).to_be_empty()
    await expect(viewer("#chart-values")).to_contain_text("O ")
    book = exchange.book("BTC", 10)
    await expect(viewer("#bids li span:nth-of-type(1)").nth(9)).not_to_be_empty()
    assert await viewer.numbers("#bids li span:nth-of-type(1)") == [level.price for level in book.bids]
    assert await viewer.numbers("#bids li span:nth-of-type(2)") == [level.size for level in book.bids]
    assert (await viewer.numbers("#bids li span:nth-of-type(3)"))[-1] == sum(level.size for level in book.bids)
    assert await viewer.numbers("#asks li span:nth-of-type(1)") == [level.price for level in reversed(book.asks)]
    await expect(viewer("#positions-state")).to_have_text("No position.")
    await expect(viewer("#orders-state")).to_have_text("No open order.")
    assert await viewer.numbers("#balances tr:first-child td:nth-of-type(1)") == [Decimal(100_000)]
    assert await viewer.fits()


async def test_order_appears_in_table_and_ladder_and_vanishes(
    viewer: Viewer, exchange: Sandbox, trader: Client
) -> None:
    best = exchange.book("BTC", 1).bids[0].price
    (status,) = await trader.place(order(BTC, True, str(best), "0.0123", "Alo"))
    oid = status["resting"]["oid"]
    row = await viewer.row("#orders", str(oid))
    await expect(row).to_contain_text("0.0123")
    await expect(row).to_contain_text("post-only")
    mine = viewer("#bids li.mine")
    await expect(mine).to_have_count(1)
    assert await viewer.numbers("#bids li.mine span:nth-of-type(1)") == [best]
    assert await viewer.numbers("#bids li.mine span:nth-of-type(4)") == [Decimal("0.0123")]
    await trader.act({"type": "cancel", "cancels": [{"a": BTC, "o": oid}]})
    await expect(viewer("#orders tr")).to_have_count(0)
    await expect(mine).to_have_count(0)
    await expect(viewer("#events li").first).to_contain_text("Canceled")


async def test_fill_of_a_client_is_seen_within_a_moment(viewer: Viewer, exchange: Sandbox, trader: Client) -> None:
    (status,) = await trader.place(order(BTC, True, below(exchange, 1), "0.05", "Gtc"))
    await viewer.row("#orders", "0.05")
    exchange.fill(trader.address, status["resting"]["oid"], "0.02")
    (fill,) = exchange.fills(trader.address)
    line = viewer('#events li[data-group="fills"]')
    await expect(line).to_have_count(1, timeout=5_000)
    await expect(line).to_contain_text(f"BTC {fill.size} at {fill.price:,}.0 · Open Long, maker · fee {fill.fee} USDC")
    await expect(viewer("#chart-values")).to_contain_text(f"Buy 0.02 at {fill.price:,}.0 as maker")
    position = await viewer.row("#positions", "BTC")
    await expect(position).to_contain_text("Long 0.02")
    await expect(position).to_contain_text(f"{fill.price:,}.0")
    await expect(await viewer.row("#orders", "BTC")).to_contain_text("0.03")
    value = exchange.account(trader.address).account_value
    await expect(viewer("#balances tr:first-child td:nth-of-type(1) span")).to_have_attribute("title", f"{value} USDC")


async def test_what_was_before_the_page_opened_is_shown(browser: Browser, exchange: Sandbox, trader: Client) -> None:
    await trader.place(order(BTC, True, str(int(exchange.book("BTC", 1).asks[0].price) + 50), "0.01", "Ioc"))
    await trader.place(trigger(BTC, False, below(exchange, 10), "0.01", below(exchange, 10), "sl"))
    async with viewing(browser, exchange.url) as opened:
        await opened.is_live()
        await expect(opened('#events li[data-group="fills"]')).to_have_count(1)
        await expect(await opened.row("#orders", "Stop Market")).to_contain_text("Price below")
        await opened.row("#positions", "Long 0.01")
        opened.assert_clean()


async def test_another_market_and_another_account_are_shown_whole(
    viewer: Viewer, exchange: Sandbox, trader: Client, wallets: Any
) -> None:
    await trader.place(order(BTC, True, below(exchange, 1), "0.01"))
    await viewer.row("#orders", "BTC")
    coin = next(coin for coin in exchange.market_set.by_coin if coin.startswith("xyz:"))
    await viewer("#market").select_option(coin)
    await expect(viewer("#chart-title")).to_have_text(coin)
    best = exchange.book(coin, 1).bids[0]
    await expect(viewer("#bids li span:nth-of-type(1)").first).not_to_be_empty()
    await expect(viewer("#bids li").first).to_contain_text(str(best.size))
    assert (await viewer.numbers("#bids li span:nth-of-type(1)"))[0] == best.price

    async with Client(exchange, wallet(next(wallets))) as other:
        exchange.fund(other.address)
        await other.place(order(ETH, True, below(exchange, 1, "ETH"), "0.5"))
        await viewer("#account").select_option("other")
        await viewer("#other-address").fill("0x12")
        await viewer("#other button").click()
        assert await viewer("#other-address").evaluate("input => input.validationMessage") != ""
        await viewer("#other-address").fill(other.address.upper().replace("0X", "0x"))
        await viewer("#other button").click()
        await viewer.row("#orders", "ETH", "0.5")
        await expect(viewer("#orders tr")).to_have_count(1)
        assert await viewer("#account").input_value() == other.address
        (status,) = await other.place(order(ETH, True, below(exchange, 2, "ETH"), "0.4"))
        await viewer.row("#orders", str(status["resting"]["oid"]))
        # What the first account does from now on is nobody's business here.
        await trader.place(order(BTC, True, below(exchange, 2), "0.02"))
        await other.place(order(ETH, True, below(exchange, 3, "ETH"), "0.3"))
        await viewer.row("#orders", "ETH", "0.3")
        assert "BTC" not in await viewer("#orders").inner_text()
        assert "BTC" not in await viewer("#events").inner_text()
    assert f"account={other.address}" in viewer.page.url
    streams = [stream for session in exchange.gate.sessions for stream in session.subscriptions]
    assert {stream.user for stream in streams if isinstance(stream, UserSubscription)} == {other.address}
    assert {stream.coin for stream in streams if hasattr(stream, "coin")} == {coin}
    assert len(streams) <= 5 + 1 + 5 + 2 * len(exchange.market_set.dexes)


async def test_name_of_a_sub_account_is_text_whatever_is_in_it(viewer: Viewer, exchange: Sandbox) -> None:
    name = "<img src=x>"
    address = exchange.create_sub_account(DEMO_ADDRESS, name, 100)
    option = viewer(f'#account option[value="{address}"]')
    await expect(option).to_contain_text(name)
    await viewer("#account").select_option(address)
    await expect(viewer("#equity-value")).to_contain_text("100.00")
    assert await viewer('img[src="x"]').count() == 0


async def test_equity_of_all_dexs_and_the_spot_wallet_is_one_figure(browser: Browser, exchange: Sandbox) -> None:
    user = wallet(71).address.lower()
    exchange.open_account(user, "default", {"": Decimal(100), "km": Decimal("5.5")}, {"USDC": Decimal(7)})
    async with viewing(browser, exchange.url, account=user) as opened:
        await opened.is_live()
        await expect(opened("#equity-value")).to_have_text("112.50")
        exchange.open_account(wallet(72).address, "unifiedAccount", {}, {"USDC": Decimal(41)})
        await opened("#account").select_option(wallet(72).address.lower())
        await expect(opened("#equity-value")).to_have_text("41.00")
        opened.assert_clean()


# ---------------------------------------------------------------------- what it does


async def test_price_is_set_and_moved_from_the_page(viewer: Viewer, exchange: Sandbox) -> None:
    await viewer("#price").fill("80000")
    await viewer("#price-form button").first.click()
    await expect(viewer("#world-answer")).to_contain_text("The oracle price of BTC is 80000 now")
    state = exchange.engine.market("BTC")
    assert state is not None
    assert state.oracle_px == 80_000_000_000
    await expect(viewer("#stats div").filter(has_text="Oracle")).to_contain_text("80,000.0")
    await viewer("#price-steps button").filter(has_text="+1 %").click()
    await until(lambda: state.oracle_px == 80_800_000_000)
    await viewer("#price").fill("much")
    await viewer("#price-form button").first.click()
    await expect(viewer("#world-answer")).to_contain_text("Not done: ")
    viewer.complaints = [text for text in viewer.complaints if "400" not in text]  # the browser logs the answer


async def test_account_is_funded_and_market_delisted_from_the_page(viewer: Viewer, exchange: Sandbox) -> None:
    await viewer("#fund").fill("23.5")
    await viewer("#fund-form button").click()
    await expect(viewer("#world-answer")).to_contain_text("23.5 USDC more on first dex")
    assert exchange.account(DEMO_ADDRESS).account_value == Decimal("100023.5")
    await viewer("#fund-place").select_option(label="km (USDH)")
    await viewer("#fund-form button").click()
    await expect(viewer("#world-answer")).to_contain_text("23.5 USDH more on km")
    await expect(viewer("#balances tr").filter(has_text="km")).to_contain_text("100,023.50")
    await viewer("#fund-place").select_option(label="spot (USDC)")
    await viewer("#fund-form button").click()
    await expect(viewer("#balances tr").filter(has_text="spot (USDC)")).to_contain_text("23.50")

    await viewer("#market").select_option("ETH")
    await viewer("#delist").click()
    state = exchange.engine.market("ETH")
    assert state is not None
    assert not state.market.is_delisted
    await expect(viewer("#delist")).to_contain_text("Really delist ETH")
    await viewer("#delist").click()
    await expect(viewer('#market option[value="ETH"]')).to_have_text("ETH (delisted)")
    await expect(viewer("#stats")).to_contain_text("no trading")


async def test_market_that_is_listed_meanwhile_can_be_chosen(viewer: Viewer, exchange: Sandbox) -> None:
    exchange.listings.list_market("NEW", "12.5", 2, 10)
    await viewer("#market").select_option("NEW")
    await expect(viewer("#stats .big")).to_have_text("12.5")


async def test_maintenance_is_switched_from_the_page(viewer: Viewer, exchange: Sandbox, trader: Client) -> None:
    await viewer("#post-only").check()
    await expect(viewer("#faults-answer")).to_contain_text("Only post-only orders are taken.")
    (status,) = await trader.place(order(BTC, True, below(exchange, 1), "0.01"))
    assert "post-only" in status["error"]
    await viewer("#post-only").uncheck()
    await expect(viewer("#faults-answer")).to_contain_text("All orders are taken again.")
    await viewer("#halted").check()
    await until(lambda: exchange.chain.is_halted)
    exchange.maintenance.halt(False)
    await expect(viewer("#halted")).not_to_be_checked(timeout=10_000)


async def test_broken_sockets_are_counted_and_the_page_comes_back(
    viewer: Viewer, exchange: Sandbox, trader: Client
) -> None:
    await trader.place(order(BTC, True, below(exchange, 1), "0.01"))
    await viewer.row("#orders", "0.01")
    seen: list[str] = await viewer.page.evaluate_handle(
        """() => {
            const seen = [];
            const node = document.getElementById("connection");
            new MutationObserver(() => seen.push(node.dataset.state)).observe(node, { attributes: true });
            return seen;
        }"""
    )  # type: ignore[assignment]
    await viewer("#drop-sockets").click()
    await expect(viewer("#faults-answer")).to_contain_text("1 WebSocket broken")
    await expect(viewer("#fault-counts")).to_contain_text("drop websockets")
    assert exchange.faults.counts["drop_websockets"] == 1
    await viewer.is_live()
    assert await seen.json_value() == ["waiting", "connecting", "open"]  # type: ignore[attr-defined]
    (status,) = await trader.place(order(BTC, True, below(exchange, 2), "0.02"))
    await viewer.row("#orders", str(status["resting"]["oid"]))
    await expect(viewer("#orders tr")).to_have_count(2)
    # What the streams repeat after a reconnection is told once.
    exchange.fill(trader.address, status["resting"]["oid"])
    line = viewer('#events li[data-group="fills"]').filter(has_text="BTC 0.02")
    await expect(line).to_have_count(1)
    exchange.drop_websockets()
    await until(lambda: exchange.sockets == 0)
    await until(lambda: exchange.sockets == 1)
    await viewer.is_live()
    await trader.place(order(BTC, True, below(exchange, 3), "0.03"))
    await viewer.row("#orders", "0.03")
    await expect(line).to_have_count(1)


async def test_exchange_that_starts_anew_is_shown_anew(browser: Browser) -> None:
    first = Sandbox(seed=1, market="still", block_ms=20)
    await first.start()
    port = int(first.url.rsplit(":", 1)[1])
    async with viewing(browser, first.url) as opened, Client(first, wallet(1)) as client:
        await opened.is_live()
        await client.place(order(BTC, True, below(first, 1), "0.01"))
        await opened.row("#orders", "0.01")
        await opened("#market").select_option("ETH")
        await first.stop()
        await expect(opened("#connection")).to_contain_text("Connection lost")
        async with Sandbox(seed=2, market="still", block_ms=20, port=port) as second:
            await expect(opened("#connection")).to_have_text("Live")
            await expect(opened("#orders tr")).to_have_count(0)
            await expect(opened("#counters")).to_contain_text("Seed2")
            assert await opened("#market").input_value() == "ETH"
            async with Client(second, wallet(1)) as again:
                await again.place(order(ETH, True, below(second, 1, "ETH"), "0.7"))
                await opened.row("#orders", "0.7")


async def test_frames_that_nobody_knows_are_left_out(browser: Browser, exchange: Sandbox, trader: Client) -> None:
    async with viewing(browser, "about:blank") as opened:
        await opened.page.route_web_socket("**/ws", with_strange_frames)
        await opened.page.goto(exchange.url)
        await opened.is_live()
        (status,) = await trader.place(order(BTC, True, below(exchange, 1), "0.01"))
        await expect(opened("#counters div").filter(has_text="unreadable")).to_contain_text("5")
        exchange.fill(trader.address, status["resting"]["oid"])
        await opened.row("#positions", "Long 0.01")
        value = exchange.account(trader.address).account_value
        await expect(opened("#balances tr").first).to_contain_text(f"{value:,.2f}")
        assert opened.complaints == []


def with_strange_frames(route: Any) -> None:
    """Between page and exchange: frames of no channel, no JSON, wrong values, and of a channel from the future."""
    server = route.connect_to_server()
    route.on_message(lambda message: server.send(message))
    state = {"marginSummary": None, "assetPositions": [{"position": None}]}
    about = {"user": DEMO_ADDRESS, "dex": ""}
    strange = [
        "no json",
        '["channel"]',
        '{"channel": 7}',
        '{"channel": "l2Book", "data": null}',
        '{"channel": "astrology", "data": {"moon": "full"}}',
        json.dumps({"channel": "clearinghouseState", "data": {**about, "clearinghouseState": state}}),
    ]

    def on_message(message: Any) -> None:
        route.send(message)
        if strange and message.startswith('{"channel":"orderUpdates"'):
            for text in strange:
                route.send(text)
            strange.clear()

    server.on_message(on_message)


async def test_page_seen_from_another_machine_shows_an_address_and_no_controls(
    browser: Browser, exchange: Sandbox, trader: Client
) -> None:
    await trader.place(order(BTC, True, below(exchange, 1), "0.01"))
    async with viewing(browser, "about:blank") as opened:
        refusal = {"error": "only for callers on this machine"}
        await opened.page.route("**/sandbox/*", lambda route: route.fulfill(status=403, json=refusal))
        await opened.page.goto(exchange.url)
        await expect(opened("#world-title")).to_be_visible()
        await expect(opened(".world .closed")).to_contain_text(refusal["error"])
        await expect(opened("#price")).not_to_be_visible()
        await expect(opened("#orders-state")).to_have_text("Choose an account above.")
        await opened("#other-address").fill(trader.address)
        await opened("#other button").click()
        await opened.row("#orders", "0.01")


async def test_fault_from_the_form_happens_to_the_next_order_and_is_counted(
    viewer: Viewer, exchange: Sandbox, trader: Client
) -> None:
    await viewer("#fault-kind").select_option("status")
    await expect(viewer("#fault-form")).to_contain_text("An HTTP error in place of the answer")
    await viewer('#fault-form [name="kind"]').fill("order")
    await viewer('#fault-form [name="code"]').fill("503")
    await viewer('#fault-form [name="next"]').fill("2")
    await viewer("#fault-form button").click()
    await expect(viewer("#fault-armed li")).to_contain_text("(2 to come, happened 0)")
    status, _ = await trader.post("/exchange", signed_request(trader.signer, orders(order(BTC, True, "80000", "0.01"))))
    assert status == 503
    await expect(viewer("#fault-armed li")).to_contain_text("(1 to come, happened 1)")
    await expect(viewer("#fault-counts div").filter(has_text="status")).to_contain_text("1")
    await viewer("#fault-armed button").click()
    await expect(viewer("#fault-armed li")).to_have_count(0)
    await trader.place(order(BTC, True, "80000", "0.01"))
    await viewer.row("#orders", "80,000.0")
    options = await viewer("#fault-kind option").evaluate_all("options => options.map(option => option.value)")
    assert options == list(KINDS)


async def test_kinds_of_faults_are_offered_as_the_exchange_lists_them(browser: Browser, exchange: Sandbox) -> None:
    asked: list[Any] = []
    kind = {
        "fault": "lose_hope",
        "scope": "requests",
        "does": "The request is <b>lost</b>.",
        "fields": [
            {"name": "next", "type": "int", "valid": "a whole number from 1 on", "default": None},
            {"name": "path", "type": "str", "valid": "/info or /exchange", "default": None},
            {"name": "how", "type": "str", "valid": "one of", "default": "loud", "values": ["loud", "quiet"]},
            {"name": "hang", "type": "bool", "valid": "true or false", "default": False},
        ],
    }
    armed = {"id": 4, "text": "lose_hope next=3", "fault": {}, "isOpen": True, "happened": 1, "remaining": 2}

    async def answer(route: Any) -> None:
        request = route.request
        if request.method != "GET":
            asked.append((request.method, request.url.removeprefix(exchange.url), request.post_data_json))
        is_armed = asked and asked[-1][0] == "POST"
        await route.fulfill(json={"kinds": [kind], "faults": [armed] if is_armed else []})

    async with viewing(browser, "about:blank") as opened:
        await opened.page.route("**/sandbox/faults{,/*}", answer)
        await opened.page.goto(exchange.url)
        await opened.is_live()
        form = opened("#fault-form")
        await expect(form).to_contain_text("The request is <b>lost</b>.")
        await form.locator('[name="next"]').fill("3")
        await form.locator('[name="how"]').select_option("quiet")
        await form.locator('[name="hang"]').check()
        await form.locator("button").click()
        await expect(opened("#faults-answer")).to_have_text("lose hope: asked for.")
        await expect(opened("#fault-armed li")).to_contain_text("lose_hope next=3 (2 to come, happened 1)")
        await opened("#fault-armed button").click()
        await expect(opened("#faults-answer")).to_have_text("Taken back.")
        await expect(opened("#fault-armed li")).to_have_count(0)
        await opened("#fault-line").fill("lose_hope next=3")
        await opened("#fault-line-form button").click()
        await expect(opened("#fault-armed li")).to_have_count(1)
        await opened("#fault-clear").click()
        await expect(opened("#faults-answer")).to_have_text("Nothing more goes wrong.")
        assert opened.complaints == []
    assert asked == [
        ("POST", "/sandbox/faults", {"fault": "lose_hope", "next": 3, "how": "quiet", "hang": True}),
        ("DELETE", "/sandbox/faults/4", None),
        ("POST", "/sandbox/faults", "lose_hope next=3"),
        ("DELETE", "/sandbox/faults", None),
    ]


# ---------------------------------------------------------------------- what it looks like


@pytest.mark.parametrize(
    ("name", "size", "scheme"),
    [("desktop-dark", DESKTOP, "dark"), ("desktop-light", DESKTOP, "light"), ("phone", PHONE, "dark")],
)
async def test_busy_session_fits_every_window(browser: Browser, name: str, size: Any, scheme: str) -> None:
    """Leaves a picture in build/page."""
    async with (
        Sandbox(seed=7, market="wild", block_ms=20) as exchange,
        Client(exchange, wallet(1)) as trader,
        viewing(browser, exchange.url, size, scheme, interval="5s") as opened,
    ):
        await opened.is_live()
        await trade_a_little(exchange, trader)
        await expect(opened('#events li[data-group="fills"]').nth(2)).to_be_visible()
        await expect(opened("#trades li").nth(5)).to_be_visible()
        picture = await opened.screenshot(name)
        assert picture.stat().st_size > 30_000
        for width in (size[0], *BETWEEN) if size == DESKTOP else (size[0], 320):
            await opened.page.set_viewport_size({"width": width, "height": size[1]})
            assert await opened.fits(), width
            assert await overlaps(opened) == [], width
        # Once nothing rests any more, every fill has been told, and every one once.
        resting = [{"a": BTC, "o": entry.oid} for entry in exchange.open_orders(trader.address)]
        await trader.act({"type": "cancel", "cancels": resting})
        await expect(opened("#orders tr")).to_have_count(0)
        fills = exchange.fills(trader.address)
        await expect(opened('#events li[data-group="fills"]')).to_have_count(len(fills))
        opened.assert_clean()


async def trade_a_little(exchange: Sandbox, trader: Client) -> None:
    """Orders around the touch on both sides, some of which are filled, a stop and a few taken at once."""
    for number in range(12):
        book = exchange.book("BTC", 5)
        is_buy = number % 2 == 0
        near, far = (book.bids, book.asks) if is_buy else (book.asks, book.bids)
        await trader.place(order(BTC, is_buy, str(near[number % 4].price), "0.01", "Alo"))
        if number % 4 == 0:
            await trader.place(order(BTC, is_buy, str(far[-1].price), "0.02", "Ioc"))
        await asyncio.sleep(0.1)
    await trader.place(trigger(BTC, False, below(exchange, 1), "0.01", below(exchange, 1), "sl"))


async def overlaps(viewer: Viewer) -> Any:
    """Pairs of panels that lie on each other, and what sticks out of its panel without a way to scroll there."""
    return await viewer.page.evaluate(
        """() => {
            const panels = [...document.querySelectorAll("header, .stats, .panel")];
            const boxes = panels.map((panel) => panel.getBoundingClientRect());
            const found = [];
            boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b, j) => {
                const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
                const tall = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
                if (wide > 1 && tall > 1) found.push([panels[i].className, panels[i + 1 + j].className]);
            }));
            for (const node of document.querySelectorAll("button, select, input, h2, dd, dt, label")) {
                const panel = node.closest(".panel, header");
                const { width, right } = node.getBoundingClientRect();
                if (panel && width && right > panel.getBoundingClientRect().right + 1) found.push(node.outerHTML);
            }
            return found;
        }"""
    )
