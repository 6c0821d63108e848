"""What the venue's reference leaves open, each thing with a name and the ways in which it may be.

One object holds the choices of one exchange. Everything that depends on one reads it where it happens, so that a choice
can be changed while the exchange runs (`commands.SetQuirk`, which keeps the engine's commands a full account of what
happened). The defaults are what the reference holds most likely. `docs/unconfirmed.md` has a row for each, with the
section of the reference, what our connector does in either case, and the test that tries both.
"""

from dataclasses import dataclass, fields
from typing import Any, Literal, get_args, get_type_hints

from msgspec import Struct


class QuirkChoice(Struct, frozen=True):
    """One switch as others see it: its name, what it is set to, what it can be set to."""

    name: str
    value: str
    values: tuple[str, ...]


@dataclass(slots=True)
class VenueQuirks:
    """How this exchange behaves where the reference is unconfirmed or contested. Every value is a word."""

    # ------------------------------------------------------------------ orders

    partial_gtc_reply: Literal["resting", "filled"] = "resting"
    """The reply to a Gtc order that matched in part and then rests (section 3.1)."""
    small_reduce_only_close: Literal["allowed", "refused"] = "allowed"
    """A reduce-only order for the whole position below the minimum notional (section 6)."""
    refused_modify: Literal["cancels_old", "keeps_old"] = "cancels_old"
    """The old order when its replacement is refused by the account's margin or by the book (section 3.3)."""
    live_cloid: Literal["rejected", "accepted"] = "rejected"
    """An order with the cloid of an open one (section 3.1)."""
    reused_cloid_status: Literal["newest", "oldest"] = "newest"
    """Which order `orderStatus` tells of when several had the cloid asked for (section 2.4)."""
    ended_orders: Literal["kept", "forgotten"] = "kept"
    """Whether `orderStatus` still knows orders that have ended; how long is not documented (section 2.4)."""
    waiting_child: Literal["known", "unknown"] = "known"
    """A TP/SL order that waits for its parent, asked for or named by its cloid (section 3.2)."""
    zero_tpsl_size: Literal["allowed", "refused"] = "allowed"
    """Size 0 for TP/SL orders of a position, meaning all of it (section 3.1)."""
    pre_validation_reply: Literal["one_status", "top_level"] = "one_status"
    """Where the one error of a whole batch stands (section 3.1)."""
    asset_suffix: Literal["present", "absent"] = "present"
    """The ` asset=N` at the end of errors about one order (section 3.12)."""
    error_prefix: Literal["absent", "present"] = "absent"
    """The older `L1 error: ` before errors of a whole action (section 3.12)."""

    met_trigger: Literal["refused", "fired"] = "refused"
    """A trigger order whose price the market has reached already: `Invalid TP/SL price.`, or fired at once (3.1)."""
    position_tpsl_size: Literal["position", "sent"] = "position"
    """The size of a TP/SL order of a position that was sent with one: the position's all the same, or that (3.1)."""
    part_filled_parent: Literal["arms", "cancels"] = "arms"
    """The TP/SL orders of a parent that matched in part and whose rest was canceled as an Ioc's is (3.1)."""

    amended_parent: Literal["drops_children", "keeps_children"] = "drops_children"
    """The TP/SL orders of a parent that is amended: canceled with the old order, or those of the new one (3.3)."""
    twap_fills: Literal["everywhere", "apart"] = "everywhere"
    """Fills of TWAP slices: among all fills as well, or only in what is about TWAP orders (sections 2.5 and 8.3)."""

    # ------------------------------------------------------------------ accounts

    spot_hold: Literal["positions_and_orders", "positions"] = "positions_and_orders"
    """What `hold` counts in the spot wallet of a unified account: margin of resting orders too, or not (section 14)."""
    leave_unified: Literal["when_flat", "refused"] = "when_flat"
    """The way back from the unified modes: without positions and orders, or never (section 14)."""
    liquidation_mark_px: Literal["text", "number"] = "text"
    """`markPx` of a fill's `liquidation`: a text, or a JSON number as in the venue's pages (section 11)."""

    # ------------------------------------------------------------------ requests

    fills_order: Literal["oldest_first", "newest_first"] = "oldest_first"
    """The order of the rows of `userFillsByTime` (section 2.5)."""
    fundings_order: Literal["oldest_first", "newest_first"] = "oldest_first"
    """The order of the rows of `userFunding` (section 2.5)."""
    all_perp_metas: Literal["plain", "pairs"] = "plain"
    """`allPerpMetas`: metas, or `[meta, contexts]` pairs as in the venue's pages (section 2.1)."""
    small_margin_tables: Literal["missing", "listed"] = "missing"
    """Single-tier margin tables, whose ids are leverages up to 50, in `meta.marginTables` (section 2.1)."""
    referral_discount: Literal["none", "in_rates", "apart"] = "none"
    """A referral discount on every fill: in the rates of `userFees` already, or only told beside them (section 13)."""
    rate_limit_body: Literal["null", "text", "empty"] = "null"
    """The body of an HTTP 429 (section 1.4)."""
    post_weight: Literal["free", "charged"] = "free"
    """Whether WebSocket posts use up request weight as well (section 9.2)."""

    # ------------------------------------------------------------------ streams

    greeting: Literal["none", "sent"] = "none"
    """A line of plain text as the first frame of a socket (section 8.1)."""
    unknown_coin: Literal["dropped", "refused"] = "dropped"
    """The socket that subscribes to a coin that is not there (section 8.1)."""
    fast_book: Literal["served", "refused", "dropped", "ignored"] = "served"
    """`fast` in an `l2Book` subscription: done, an error frame, a broken socket, or a field that is not known."""
    trades_replay: Literal["sent", "none"] = "sent"
    """Old trades in the first frame of `trades` (section 8.2)."""
    user_events_name: Literal["both", "userEvents", "user"] = "both"
    """What the subscription behind the channel `user` is called (section 8.3)."""
    all_dexs_state: Literal["served", "refused"] = "served"
    """The subscription `allDexsClearinghouseState` (section 8.3)."""
    spot_state: Literal["served", "refused"] = "served"
    """The subscription `spotState` (section 8.3)."""
    later_snapshot_flag: Literal["absent", "false"] = "absent"
    """`isSnapshot` in the frames after the first one (section 8.3)."""
    open_after_fill: Literal["silent", "told"] = "silent"
    """Whether `orderUpdates` repeats `open` when a resting order fills in part (section 3.13)."""
    stream_order: Literal["fills_first", "orders_first"] = "fills_first"
    """Which of a block's frames about an account comes first (section 3.13)."""
    reply_order: Literal["together", "reply_first", "stream_first"] = "together"
    """Whether a reply and the frames of its block are kept apart, and which comes first (section 3.13)."""

    def set(self, name: str, value: str) -> None:
        """Choose one behaviour.

        :raises ValueError: for a name or a value that there is not; it says which there are.
        """
        self.check(name, value)
        setattr(self, name, value)

    def check(self, name: str, value: str) -> None:
        """Whether `set` would take this.

        :raises ValueError: as `set` does.
        """
        known = _values()
        if name not in known:
            raise ValueError(f"there is no switch {name!r}; there are {', '.join(known)}")
        if value not in known[name]:
            raise ValueError(f"{name} can be {', '.join(known[name])}, not {value!r}")

    @property
    def choices(self) -> tuple[QuirkChoice, ...]:
        """All switches and what they are set to."""
        return tuple(QuirkChoice(name, getattr(self, name), values) for name, values in _values().items())


def quirks_of(chosen: dict[str, str] | None) -> VenueQuirks:
    """The defaults, but for what is chosen.

    :raises ValueError: for a name or a value that there is not.
    """
    quirks = VenueQuirks()
    for name, value in (chosen or {}).items():
        quirks.set(name, value)
    return quirks


def _values() -> dict[str, tuple[Any, ...]]:
    """The values of every switch, the default first."""
    hints = get_type_hints(VenueQuirks)
    return {entry.name: get_args(hints[entry.name]) for entry in fields(VenueQuirks)}
