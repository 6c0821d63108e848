"""npm's `@nktkas/hyperliquid`, unmodified, on the sandbox: every method it has, every reply held against its types.

The library declares in its types, to the pattern of a number, what the venue sends; `make strangers` makes JSON Schemas
of them that let nothing else through. The walk (`nktkas/walk.mjs`) runs in Node and hands over all that it was told.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.clock import RealClock
from hyperliquid_perpetual.sandbox.thread import SandboxThread
from tests.conformance import claims

FOLDER = Path(__file__).with_name("nktkas")
KEY, FRIENDS_KEY = "0x" + "42" * 32, "0x" + "43" * 32
HOUR_MS = 3_600_000

NPM = shutil.which("npm")
pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(NPM is None, reason="npm is not installed here, so neither is @nktkas/hyperliquid"),
    pytest.mark.skipif(
        NPM is not None and not (FOLDER / "node_modules" / ".reply-schemas.json").exists(),
        reason="@nktkas/hyperliquid is not installed in tests/conformance/nktkas: run `make strangers`",
    ),
]

#: What does not fit the library's types, and why that is right: (method, words of the misfit).
KNOWN_DIFFERENCES = (
    # Reference, section 2.1: HIP-3 entries of `universe` have it; the library has no such field there yet.
    ("meta", '"additionalProperty":"deployerFeeScale"'),
    ("metaAndAssetCtxs", '"additionalProperty":"deployerFeeScale"'),
    ("allPerpMetas", '"additionalProperty":"deployerFeeScale"'),
    # Section 8.4: what is HTTP 500 with `null` over REST is null in a post.
    ("metaAndAssetCtxs", "must be array"),
    # Section 2.3 keeps the discontinued `dexAbstraction`.
    ("userAbstraction", "must be equal to one of the allowed values"),
)

#: What the exchange refuses, by the label of the step, in the library's words.
REFUSALS = {
    "cancel again": "cancel 0: Order was never placed, already canceled, or filled. asset=0",
    "post again": "cancel 0: Order was never placed, already canceled, or filled. asset=0",
    "modify what is gone": "Cannot modify canceled or filled order",
    "strict cross refused": "Cross margin is not allowed for this asset.",
    "post-only that crosses": "order 0: Post only order would have immediately matched, bbo was ",
    "one of three is bad": "order 1: Order must have minimum value of $10. asset=5",
    "too dear": "order 0: Insufficient margin to place order. asset=2",
    "trigger that opens": "order 0: Trigger order is not reduce only.",
    "twap cancel again": "TWAP was never placed, already canceled, or filled.",
    "small twap": "TWAP order value too small. Min is $50, which is $10 per minute.",
    "usd send of too much": "Insufficient balance for withdrawal",
    "order of another's vault": "Only its leader or master may act for 0x",
    "agent may not send": "Must deposit before performing actions. User: 0x",
    "agent sends to another": "An agent can only send to the account itself and to its sub-accounts.",
    "stranger": "User or API Wallet 0x",
    "builder unapproved": "Builder fee has not been approved.",
    "noop again": "Invalid nonce: duplicate nonce ",
    "expired": "Action expired: ",
    "dead man's switch": "Cannot set scheduled cancel time until enough volume traded. Required: $1000000. Traded: $",
    "switch too soon": "Cannot set scheduled cancel time until enough volume traded.",
    "class transfer when unified": "Action disabled when unified account is active",
    "post refused": "There is a sub-account of the name second one already.",
}
#: What this account is refused of that the sandbox does, once it does it.
REFUSALS_IF_DONE = {
    "claimRewards": "No rewards to claim",
    "gossipPriorityBid": "Insufficient balance for token transfer",
    "registerReferrer": "Cannot generate referral code until enough volume traded",
    "setReferrer": "There is no referral code SANDBOX.",
}
#: Streams that need not speak: nothing happens that they would tell of.
MAY_BE_SILENT = {"notification", "outcomeMetaUpdates"}


class HourClock(RealClock):
    """The machine's time until it is told that the hour ends."""

    ahead = 0

    def now(self) -> int:
        return super().now() + self.ahead

    def go_to_the_end_of_the_hour(self) -> None:
        self.ahead += max(0, HOUR_MS - self.now() % HOUR_MS - 200)


class Walk:
    """What the library was told, and the exchange afterwards."""

    def __init__(self, told: dict[str, Any], exchange: SandboxThread) -> None:
        self.told = told
        self.exchange = exchange
        self.asked: list[dict[str, Any]] = told["asked"]
        self.streams: dict[str, dict[str, Any]] = told["streams"]

    def of(self, client: str) -> list[dict[str, Any]]:
        """Every step by one kind of client."""
        return [step for step in self.asked if step["client"] == client]

    def step(self, label: str, method: str | None = None) -> dict[str, Any]:
        """The step of a label."""
        (found,) = [step for step in self.asked if step["label"] == label and method in (None, step["method"])]
        return found

    def reply(self, label: str, method: str | None = None) -> Any:
        """The reply of a step that was accepted."""
        step = self.step(label, method)
        assert "error" not in step, step
        return step["reply"]

    def read(self, method: str) -> Any:
        """What an info request answered in the end."""
        return self.reply("read", method)

    def frames(self, stream: str) -> list[Any]:
        frames: list[Any] = self.streams[stream]["frames"]
        return frames


@pytest.fixture(scope="module")
def walk() -> Iterator[Walk]:
    """One walk through everything, in a calm market; the hour ends in it."""
    clock = HourClock()
    with Sandbox.in_thread(seed=3, market="calm", clock=clock) as exchange:
        friend = Account.from_key(FRIENDS_KEY).address
        vault = exchange.run(lambda sandbox: sandbox.create_vault(friend, "theirs"))
        command = ["node", str(FOLDER / "walk.mjs"), exchange.url, KEY, FRIENDS_KEY, vault]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            last = ""
            for line in process.stdout:
                if line == "FUNDING\n":
                    exchange.run(lambda sandbox: clock.go_to_the_end_of_the_hour())
                else:
                    last = line
            errors = process.stderr.read()
            assert process.wait(60) == 0, errors
        finally:
            process.kill()
        yield Walk(json.loads(last), exchange)


# ---------------------------------------------------------------------- all of it


def test_every_method_of_the_library_is_walked(walk: Walk) -> None:
    """Those of a new release too: whoever pins it finds here what the walk lacks."""
    methods = walk.told["methods"]
    assert {step["method"] for step in walk.of("InfoClient")} == set(methods["info"])
    assert {step["method"] for step in walk.of("ExchangeClient")} == set(methods["exchange"])
    assert set(walk.streams) == set(methods["subscription"])


def test_what_the_sandbox_does_not_do_is_what_it_says_and_no_more(walk: Walk) -> None:
    refused = {(step["client"], step["method"]) for step in walk.asked if _is_not_done(step)}
    methods = {name: set(names) for name, names in walk.told["methods"].items()}
    assert {method for client, method in refused if client == "InfoClient"} == claims.INFO & methods["info"]
    assert {method for client, method in refused if client == "ExchangeClient"} == claims.ACTIONS & methods["exchange"]
    streams = {name for name, stream in walk.streams.items() if _is_not_done(stream)}
    assert streams == claims.SUBSCRIPTIONS & methods["subscription"]


def test_every_other_refusal_is_the_one_that_was_provoked(walk: Walk) -> None:
    expected = REFUSALS | {name: text for name, text in REFUSALS_IF_DONE.items() if name not in claims.ACTIONS}
    refused = {step["label"]: step["error"] for step in walk.asked if "error" in step and not _is_not_done(step)}
    assert refused.keys() == expected.keys()
    for label, error in refused.items():
        assert error["name"] == "ApiRequestError", label
        assert error["message"].startswith(expected[label]), label


def test_every_reply_fits_the_types_that_the_library_declares(walk: Walk) -> None:
    unexplained, explained = [], set()
    for step in walk.asked:
        for misfit in step.get("misfits", ()):
            known = [entry for entry in KNOWN_DIFFERENCES if entry[0] == step["method"] and entry[1] in misfit]
            explained.update(known)
            if not known:
                unexplained.append(f"{step['method']} ({step['label']}): {misfit}")
    assert unexplained == []
    assert explained == set(KNOWN_DIFFERENCES), "what fits now is no known difference any more"


def test_every_stream_speaks_and_its_frames_fit_the_types(walk: Walk) -> None:
    quiet = {name for name, stream in walk.streams.items() if not stream["frames"] and "error" not in stream}
    assert quiet <= MAY_BE_SILENT
    assert {name: stream["misfits"] for name, stream in walk.streams.items() if stream["misfits"]} == {}
    assert not [name for name, stream in walk.streams.items() if stream.get("lost")]


def test_coin_that_is_not_listed_costs_the_socket(walk: Walk) -> None:
    """The sandbox lists no spot pair, so a subscription to one ends as the venue ends it (reference, 8.1)."""
    assert walk.streams["activeSpotAssetCtx"]["error"]["message"] == "WebSocket connection closed"


# ---------------------------------------------------------------------- what it means


def test_streams_tell_what_the_reads_tell(walk: Walk) -> None:
    fills = {(fill["tid"], fill["oid"]) for frame in walk.frames("userFills") for fill in frame["fills"]}
    assert fills == {(fill["tid"], fill["oid"]) for fill in walk.read("userFills")}
    assert walk.frames("userFills")[0]["isSnapshot"] is True
    # After the reads an order is placed and canceled by WebSocket post, which leaves the same orders open.
    open_now = {order["oid"] for order in walk.frames("openOrders")[-1]["orders"]}
    assert open_now == {order["oid"] for order in walk.read("frontendOpenOrders")}
    paid = {(row["coin"], row["usdc"]) for frame in walk.frames("userFundings") for row in frame["fundings"]}
    assert paid == {(row["delta"]["coin"], row["delta"]["usdc"]) for row in walk.read("userFunding")}
    assert {coin for coin, _ in paid} == {"BTC", "ETH", "SOL", "STX"}


def test_user_events_bring_every_kind_in_its_own_frame(walk: Walk) -> None:
    kinds = {key for frame in walk.frames("userEvents") for key in frame}
    assert kinds >= {"fills", "funding", "twapHistory", "twapSliceFills"}
    assert all(len(frame) == 1 for frame in walk.frames("userEvents"))


def test_exchange_and_library_agree_on_positions_orders_and_money(walk: Walk) -> None:
    account = walk.exchange.run(lambda sandbox: sandbox.account(walk.told["user"]))
    state = walk.read("clearinghouseState")
    held = {row["position"]["coin"]: float(row["position"]["szi"]) for row in state["assetPositions"]}
    assert held == {position.coin: float(position.size) for position in account.positions}
    assert {order["oid"] for order in walk.read("frontendOpenOrders")} == {order.oid for order in account.open_orders}
    assert {(fill.tid, fill.oid) for fill in account.fills} == {
        (fill["tid"], fill["oid"]) for fill in walk.read("userFills")
    }


def test_positions_are_of_every_margin_mode(walk: Walk) -> None:
    rows = {row["position"]["coin"]: row["position"] for row in walk.read("clearinghouseState")["assetPositions"]}
    assert rows["ETH"]["leverage"]["type"] == "cross"
    assert rows["BTC"]["leverage"] == {"type": "cross", "value": 10}
    assert (rows["SOL"]["leverage"]["type"], rows["SOL"]["leverage"]["value"]) == ("isolated", 5)
    assert rows["STX"]["leverage"]["type"] == "isolated"


def test_triggers_and_brackets_are_listed_as_the_library_knows_them(walk: Walk) -> None:
    assert walk.reply("stop")["response"]["data"]["statuses"] == ["waitingForTrigger"]
    assert walk.reply("bracket")["response"]["data"]["statuses"][1:] == ["waitingForFill", "waitingForFill"]
    kinds = {order["orderType"] for order in walk.read("frontendOpenOrders")}
    assert kinds == {"Limit", "Stop Market", "Take Profit Limit", "Take Profit Market"}
    assert [order["coin"] for order in walk.read("frontendOpenOrders") if order["isPositionTpsl"]] == ["SOL"]
    statuses = {row["status"] for row in walk.read("historicalOrders")}
    assert statuses >= {"open", "filled", "canceled", "badAloPxRejected", "minTradeNtlRejected", "perpMarginRejected"}


def test_sub_account_vault_agents_and_builder_are_seen(walk: Walk) -> None:
    (sub,) = walk.read("subAccounts")
    assert (sub["name"], sub["subAccountUser"]) == ("second one", walk.told["sub"])
    assert sub["clearinghouseState"]["marginSummary"]["accountValue"] == "495.0"
    assert [balance["total"] for balance in sub["spotState"]["balances"]] == ["4.0"]
    assert walk.read("userRole") == {"role": "subAccount", "data": {"master": walk.told["user"]}}
    details = walk.read("vaultDetails")
    equities = {entry["vaultAddress"]: entry["equity"] for entry in walk.read("userVaultEquities")}
    assert details["followerState"]["vaultEquity"] == equities[details["vaultAddress"]]
    assert 90 < float(equities[details["vaultAddress"]]) <= 100, "a hundred, less what the leader distributed"
    assert {agent["name"] for agent in walk.read("extraAgents")} == {"bot", "dated"}
    assert walk.read("approvedBuilders") == [walk.told["friend"]]
    assert walk.read("maxBuilderFee") == 10
    assert any("builderFee" in fill for fill in walk.read("userFills"))


def test_ledger_has_every_movement_of_money(walk: Walk) -> None:
    kinds = [row["delta"]["type"] for row in walk.read("userNonFundingLedgerUpdates")]
    assert set(kinds) >= {
        "deposit",
        "withdraw",
        "accountClassTransfer",
        "internalTransfer",
        "spotTransfer",
        "send",
        "subAccountTransfer",
        "vaultDeposit",
    }
    streamed = [
        row["delta"]["type"]
        for frame in walk.frames("userNonFundingLedgerUpdates")
        for row in frame["nonFundingLedgerUpdates"]
    ]
    assert sorted(streamed) == sorted(kinds)


@pytest.mark.parametrize(
    ("label", "mode"),
    [
        ("unified by agent", "unifiedAccount"),
        ("unified", "unifiedAccount"),
        ("portfolio margin", "portfolioMargin"),
        ("dex abstraction by agent", "dexAbstraction"),
    ],
)
def test_account_modes_are_entered_and_read_back(walk: Walk, label: str, mode: str) -> None:
    assert walk.reply(label, "userAbstraction") == mode


def test_websocket_post_answers_as_http_does(walk: Walk) -> None:
    assert walk.reply("post", "order")["response"]["data"]["statuses"][0].keys() == {"resting"}
    assert walk.reply("post", "cancel")["response"] == {"type": "cancel", "data": {"statuses": ["success"]}}
    assert walk.reply("post", "clearinghouseState").keys() == walk.read("clearinghouseState").keys()
    assert walk.reply("post", "l2Book")["coin"] == "BTC"
    assert walk.reply("post unknown") is None
    assert walk.reply("post unknown dex") is None


def _is_not_done(step: dict[str, Any]) -> bool:
    return "The sandbox does not do " in step.get("error", {}).get("message", "")
