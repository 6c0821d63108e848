"""What every command of the engine is: something that an account asks for, or something that happens to the world."""

from msgspec import Struct


class AccountCommand(Struct, frozen=True, tag=True, gc=False):
    """Something that `account` asks for. Answered by exactly one `Replied`."""

    account: str


class WorldCommand(Struct, frozen=True, tag=True, gc=False):
    """Something that happens to the exchange rather than being asked for by an account. No reply."""
