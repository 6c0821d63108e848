"""Every order status of section 10 of the reference, and statuses that do not exist yet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.venue.replies import RejectCode, classify_rejection
from hyperliquid_perpetual.venue.statuses import OrderPhase, cancel_reason, phase_of, rejection_text

STATUSES = {
    OrderPhase.LIVE: ["open", "triggered"],
    OrderPhase.FILLED: ["filled"],
    OrderPhase.CANCELED: [
        "canceled",
        "marginCanceled",
        "vaultWithdrawalCanceled",
        "openInterestCapCanceled",
        "selfTradeCanceled",
        "reduceOnlyCanceled",
        "siblingFilledCanceled",
        "delistedCanceled",
        "liquidatedCanceled",
        "outcomeSettledCanceled",
        "scheduledCancel",
        "internalCancel",
        "perpMaxPositionCanceled",
    ],
    OrderPhase.REJECTED: [
        "rejected",
        "tickRejected",
        "minTradeNtlRejected",
        "minTradeSpotNtlRejected",
        "perpMarginRejected",
        "reduceOnlyRejected",
        "badAloPxRejected",
        "iocCancelRejected",
        "badTriggerPxRejected",
        "marketOrderNoLiquidityRejected",
        "positionIncreaseAtOpenInterestCapRejected",
        "positionFlipAtOpenInterestCapRejected",
        "tooAggressiveAtOpenInterestCapRejected",
        "openInterestIncreaseRejected",
        "insufficientSpotBalanceRejected",
        "oracleRejected",
        "perpMaxPositionRejected",
        "tooManyOpenOrdersRejected",
        "outcomeSettledRejected",
    ],
}


@pytest.mark.parametrize(
    ("status", "phase"), [(status, phase) for phase, statuses in STATUSES.items() for status in statuses]
)
def test_every_status_of_the_venue_has_its_phase(status: str, phase: OrderPhase) -> None:
    """D26: 19 of 32 statuses were unknown; one of them stopped the whole frame, or ended the order as lost."""
    assert phase_of(status) is phase


@pytest.mark.parametrize("word", ["resting", "waitingForFill", "waitingForTrigger"])
def test_words_of_the_reply_to_a_placement_mean_that_the_order_lives(word: str) -> None:
    assert phase_of(word) is OrderPhase.LIVE


@pytest.mark.parametrize(
    ("status", "phase"),
    [
        ("solarFlareCanceled", OrderPhase.CANCELED),
        ("committeeCancel", OrderPhase.CANCELED),
        ("notOnTuesdaysRejected", OrderPhase.REJECTED),
        ("somethingCancelRejected", OrderPhase.REJECTED),
    ],
)
def test_a_status_that_the_venue_adds_is_mapped_by_its_name(status: str, phase: OrderPhase) -> None:
    """D26: the list of statuses grows; the rule has to hold for the next one."""
    assert phase_of(status) is phase


@pytest.mark.parametrize("status", ["", "order", "unknownOid", "success", "Open", "FILLED", "partiallyFilled", "\x00"])
def test_a_word_that_says_nothing_concludes_nothing(status: str) -> None:
    assert phase_of(status) is OrderPhase.UNKNOWN


@given(st.text())
def test_no_text_raises(status: str) -> None:
    assert phase_of(status) in OrderPhase


@given(st.text().map(lambda text: f"{text}Rejected"))
def test_a_rejection_is_never_taken_for_anything_else(status: str) -> None:
    assert phase_of(status) is OrderPhase.REJECTED


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("tickRejected", RejectCode.TICK),
        ("minTradeNtlRejected", RejectCode.MIN_NOTIONAL),
        ("perpMarginRejected", RejectCode.MARGIN),
        ("reduceOnlyRejected", RejectCode.REDUCE_ONLY),
        ("badAloPxRejected", RejectCode.POST_ONLY_CROSSED),
        ("iocCancelRejected", RejectCode.NO_MATCH),
        ("badTriggerPxRejected", RejectCode.TRIGGER_PRICE),
        ("marketOrderNoLiquidityRejected", RejectCode.NO_LIQUIDITY),
        ("positionFlipAtOpenInterestCapRejected", RejectCode.OPEN_INTEREST),
        ("tooAggressiveAtOpenInterestCapRejected", RejectCode.OPEN_INTEREST),
        ("oracleRejected", RejectCode.PRICE_TOO_FAR),
        ("perpMaxPositionRejected", RejectCode.MARGIN),
        ("tooManyOpenOrdersRejected", RejectCode.TOO_MANY_ORDERS),
    ],
)
def test_refusal_told_by_a_status_means_the_same_as_one_told_by_a_text(status: str, code: RejectCode) -> None:
    assert classify_rejection(rejection_text(status)) is code
    assert status in rejection_text(status)


def test_refusal_with_an_unknown_status_is_told_as_it_is() -> None:
    assert rejection_text("fullMoonRejected") == "fullMoonRejected"


def test_refusal_with_a_known_status_is_told_in_the_venues_words() -> None:
    assert rejection_text("tickRejected") == "Price must be divisible by tick size. (tickRejected)"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("canceled", None),
        ("siblingFilledCanceled", None),
        ("filled", None),
        ("open", None),
        ("tickRejected", None),
        ("scheduledCancel", "the dead man's switch has fired"),
        ("marginCanceled", "there was not enough margin left for it when it would have matched"),
        ("brandNewCanceled", "for a reason that this package does not know"),
    ],
)
def test_cancel_that_nobody_asked_for_has_its_reason(status: str, reason: str | None) -> None:
    assert cancel_reason(status) == reason
