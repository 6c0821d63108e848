"""Every recorded payload goes through the parsers, old ones without today's fields included."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hyperliquid_perpetual.venue.frame_decoding import decode_frame
from hyperliquid_perpetual.venue.frames import Unreadable, UserEvent
from hyperliquid_perpetual.venue.markets import parse_market_table, parse_token_names
from hyperliquid_perpetual.venue.messages import (
    AssetContext,
    ClearinghouseState,
    ExtraAgent,
    Fill,
    FundingRow,
    L2Book,
    Level,
    Order,
    SpotClearinghouseState,
    Trade,
    UserRateLimit,
    UserRole,
)
from hyperliquid_perpetual.venue.numbers import to_decimal

RECORDINGS = Path(__file__).parents[2] / "fixtures" / "recorded"
USER = "0x31ca8395cf837de08b24da3f660e77761dfb974b"

# Decoded into these types, field by field. A list says how many items it has.
TYPED: dict[str, tuple[Any, int | None]] = {
    "info_clearinghouseState.json": (ClearinghouseState, None),
    "info_extraAgents.json": (list[ExtraAgent], 2),
    "info_l2Book.json": (L2Book, None),
    "info_l2Book_btc.json": (L2Book, None),
    "info_l2Book_sample.json": (L2Book, None),
    "info_openOrders.json": (list[Order], 30),
    "info_recentTrades_btc.json": (list[Trade], 3),
    "info_spotClearinghouseState.json": (SpotClearinghouseState, None),
    "info_userFills.json": (list[Fill], 30),
    "info_userFillsByTime.json": (list[Fill], 30),
    "info_userFunding.json": (list[FundingRow], 13),
    "info_userRateLimit.json": (UserRateLimit, None),
    "info_userRole.json": (UserRole, None),
    "ws_l2Book.json": (L2Book, None),
}
# Looked at by a test of their own, here or in test_markets.
SEPARATELY = {
    "info_allPerpMetas_nonUsdcCollateral.json",
    "info_meta.json",
    "info_meta_nautilus.json",
    "info_spotMeta_nonUsdcCollateral.json",
    "ws_allDexsAssetCtxs.json",
    "ws_user_nautilusTest1.json",
    "ws_user_nautilusTest2.json",
}
# Not asked for by this package: their figures are read, and nothing about them may raise.
FIGURES_ONLY = {
    "info_allMids.json",
    "info_candleSnapshot.json",
    "info_fundingHistory.json",
    "info_fundingHistory_nautilus.json",
    "info_userNonFundingLedgerUpdates.json",
    "info_userNonFundingLedgerUpdates_2.json",
    "ws_allMids.json",
}


def numbers_in(typed: Any) -> dict[str, Decimal | None]:
    return {name: value for name, value in msgspec.structs.asdict(typed).items() if isinstance(value, Decimal)}


def test_no_recording_is_left_out() -> None:
    assert {path.name for path in RECORDINGS.glob("*.json")} == set(TYPED) | SEPARATELY | FIGURES_ONLY


@pytest.mark.parametrize("name", TYPED)
def test_recording_decodes_into_its_type(name: str, recorded_bytes: Callable[[str], bytes]) -> None:
    kind, items = TYPED[name]
    value = msgspec.json.decode(recorded_bytes(name), type=kind)
    if items is not None:
        assert len(value) == items


@pytest.mark.parametrize("name", ["info_openOrders.json", "info_userFills.json", "info_userFillsByTime.json"])
def test_every_figure_of_a_list_arrives_unchanged(
    name: str, recorded: Callable[[str], Any], recorded_bytes: Callable[[str], bytes]
) -> None:
    raw = recorded(name)
    typed = msgspec.json.decode(recorded_bytes(name), type=TYPED[name][0])
    assert len(raw) == len(typed)
    for before, after in zip(raw, typed, strict=True):
        for field, text in before.items():
            value = getattr(after, field)
            assert value == (Decimal(text) if isinstance(value, Decimal) else text), field


def test_fills_of_2023_have_no_trade_id_and_are_charged_in_dollars(recorded_bytes: Callable[[str], bytes]) -> None:
    fills = msgspec.json.decode(recorded_bytes("info_userFills.json"), type=list[Fill])
    assert {fill.tid for fill in fills} == {None}
    assert {fill.feeToken for fill in fills} == {"USDC"}
    assert {fill.cloid for fill in fills} == {None}
    first = fills[0]
    assert (first.coin, first.side, first.sz, first.signed_size) == ("SUI", "A", Decimal("142.7"), Decimal("-142.7"))
    assert msgspec.structs.replace(first, side="B").signed_size == Decimal("142.7")


def test_open_orders_of_2023_say_neither_size_nor_kind(recorded_bytes: Callable[[str], bytes]) -> None:
    orders = msgspec.json.decode(recorded_bytes("info_openOrders.json"), type=list[Order])
    assert {order.origSz for order in orders} == {None}
    assert {order.reduceOnly for order in orders} == {False}


def test_account_of_2023(recorded_bytes: Callable[[str], bytes]) -> None:
    state = msgspec.json.decode(recorded_bytes("info_clearinghouseState.json"), type=ClearinghouseState)
    assert state.time == 0
    assert state.withdrawable == Decimal("1010.57173")
    btc, eth = state.assetPositions[0].position, state.assetPositions[1].position
    assert (btc.coin, btc.szi, btc.leverage.type, btc.leverage.value) == ("BTC", Decimal("-0.00785"), "cross", 20)
    assert btc.liquidationPx == Decimal("173198.69592357")
    assert eth.liquidationPx is None


def test_books_are_kept_as_text_and_best_first(recorded_bytes: Callable[[str], bytes]) -> None:
    dydx = msgspec.json.decode(recorded_bytes("info_l2Book.json"), type=L2Book)
    assert dydx.levels[0][0] == Level("2.111", "134.4", 1)
    btc = msgspec.json.decode(recorded_bytes("info_l2Book_btc.json"), type=L2Book)
    assert btc.levels[1][0] == Level("110428.0", "3.72573", 0), "older books do not count orders"
    for book in (dydx, btc):
        bids, asks = ([to_decimal(level.px) for level in side] for side in book.levels)
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)
        assert bids[0] < asks[0]


def test_book_frame(recorded: Callable[[str], Any]) -> None:
    data = recorded("ws_l2Book.json")
    book = decode_frame(json.dumps({"channel": "l2Book", "data": data}))
    assert isinstance(book, L2Book)
    assert book.time == 1703875200000
    assert [[level.px for level in side] for side in book.levels] == [
        [level["px"] for level in side] for side in data["levels"]
    ]


def test_wallet_with_a_token_that_has_no_market(recorded_bytes: Callable[[str], bytes]) -> None:
    wallet = msgspec.json.decode(recorded_bytes("info_spotClearinghouseState.json"), type=SpotClearinghouseState)
    assert [(row.coin, row.token, row.total, row.hold) for row in wallet.balances] == [
        ("USDC", 0, Decimal("14.625485"), Decimal(0)),
        ("PURR", 1, Decimal(2000), Decimal(100)),
        ("HYPE", 150, Decimal("5.2"), Decimal(0)),
        ("+10", 100000010, Decimal(25), Decimal(0)),
    ]


def test_request_budget_of_a_market_maker(recorded_bytes: Callable[[str], bytes]) -> None:
    limit = msgspec.json.decode(recorded_bytes("info_userRateLimit.json"), type=UserRateLimit)
    assert limit.nRequestsUsed == 36589831368, "larger than 32 bits"
    assert limit.cumVlm == Decimal("170043721737.450012207")
    assert limit.nRequestsSurplus == 0


def test_agents_and_role(recorded_bytes: Callable[[str], bytes]) -> None:
    agents = msgspec.json.decode(recorded_bytes("info_extraAgents.json"), type=list[ExtraAgent])
    assert [(agent.name, agent.validUntil) for agent in agents] == [("ok", 1767776120478), ("new", 1771174068515)]
    assert msgspec.json.decode(recorded_bytes("info_userRole.json"), type=UserRole) == UserRole("vault")


def test_funding_payments_read_like_those_of_the_stream(
    recorded: Callable[[str], Any], recorded_bytes: Callable[[str], bytes]
) -> None:
    rows = msgspec.json.decode(recorded_bytes("info_userFunding.json"), type=list[FundingRow])
    payload = [{"time": row["time"], **row["delta"]} for row in recorded("info_userFunding.json")]
    frame = decode_frame(json.dumps({"channel": "userFundings", "data": {"user": USER, "fundings": payload}}))
    assert [row.payment() for row in rows] == frame.fundings  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["ws_user_nautilusTest1.json", "ws_user_nautilusTest2.json"])
def test_user_frames_carry_their_fills(
    name: str, recorded: Callable[[str], Any], recorded_bytes: Callable[[str], bytes]
) -> None:
    raw = recorded(name)["data"]["fills"]
    event = decode_frame(recorded_bytes(name))
    assert isinstance(event, UserEvent)
    assert event.malformed == 0
    assert len(event.fills) == len(raw) == 1
    fill, row = event.fills[0], raw[0]
    assert (fill.coin, fill.oid, fill.tid, fill.cloid) == (row["coin"], row["oid"], row["tid"], row["cloid"])
    assert (fill.fee, fill.feeToken, fill.crossed) == (Decimal(row["fee"]), row["feeToken"], row["crossed"])
    assert fill.startPosition == Decimal(row["startPosition"])
    assert fill.builderFee == (Decimal(row["builderFee"]) if "builderFee" in row else None)


def test_every_context_of_the_big_frame_is_read(recorded: Callable[[str], Any]) -> None:
    """D60: the rate of each market is its own ``funding``, and none is its open interest."""
    count = 0
    for _dex, contexts in recorded("ws_allDexsAssetCtxs.json")["data"]["ctxs"]:
        for raw in contexts:
            context = msgspec.convert(raw, AssetContext)
            assert context.funding == Decimal(raw["funding"])
            assert context.openInterest == Decimal(raw["openInterest"])
            assert context.markPx == Decimal(raw["markPx"])
            assert (context.midPx is None) is (raw["midPx"] is None)
            assert abs(context.funding) <= Decimal("0.04"), "the venue caps funding at 4 % an hour"
            count += 1
    assert count > 100


def test_old_and_new_metadata_make_tables_without_a_problem(recorded: Callable[[str], Any]) -> None:
    for name in ("info_meta.json", "info_meta_nautilus.json"):
        raw = recorded(name)
        table = parse_market_table(None, [raw])
        assert [market.coin for market in table] == [entry["name"] for entry in raw["universe"]]
        assert table.problems == ()
    assert parse_token_names(recorded("info_spotMeta_nonUsdcCollateral.json"))[360] == "USDH"


@pytest.mark.parametrize("name", sorted(FIGURES_ONLY))
def test_figures_of_other_payloads_are_decimals(name: str, recorded: Callable[[str], Any]) -> None:
    def check(value: Any, key: str) -> int:
        if isinstance(value, dict):
            return sum(check(inner, key) for key, inner in value.items())
        if isinstance(value, list):
            return sum(check(inner, key) for inner in value)
        if isinstance(value, str) and value[:1].isdigit() and not value.startswith("0x") and key != "i":
            assert Decimal(value) == to_decimal(value)
            return 1
        return 0

    raw = recorded(name)
    assert check(raw, "") > 0 or raw == []


def test_a_channel_that_nobody_subscribed_to_is_told_by_its_name(recorded_bytes: Callable[[str], bytes]) -> None:
    message = decode_frame(recorded_bytes("ws_allMids.json"))
    assert isinstance(message, Unreadable)
    assert message.channel == "allMids"
