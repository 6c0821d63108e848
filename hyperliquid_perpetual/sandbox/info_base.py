"""What all bodies of ``POST /info`` have in common (reference, section 2)."""

from typing import Annotated

from msgspec import Meta, Struct

from hyperliquid_perpetual.sandbox.action_base import Address

Time = Annotated[int, Meta(ge=0)]


class InfoRequest(Struct, frozen=True, tag_field="type", tag=lambda name: name[:1].lower() + name[1:]):
    """Any of them; the type is the class's name."""


class DexRequest(InfoRequest, frozen=True):
    """About one perp dex; the first one when none is named."""

    dex: str | None = None


class UserRequest(InfoRequest, frozen=True, kw_only=True):
    """About one account."""

    user: Address


class UserTimesRequest(UserRequest, frozen=True, kw_only=True):
    """About one account in a range of time, both ends included."""

    startTime: Time
    endTime: Time | None = None


class UserLedgerRequest(UserRequest, frozen=True, kw_only=True):
    """The same, where clients of the venue leave the start out if they want all of it."""

    startTime: Time | None = None
    endTime: Time | None = None
