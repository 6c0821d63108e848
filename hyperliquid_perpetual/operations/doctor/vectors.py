"""Signatures that are known to be right, to compare with what this environment makes.

They are values that the official Python SDK's tests publish; the test suite has all of them, here is one of each kind
that a bot sends. Their key is public and worth nothing.
"""

from dataclasses import dataclass
from decimal import Decimal

from hyperliquid_perpetual.venue import actions
from hyperliquid_perpetual.venue.actions import Action, OrderRequest, Trigger

KEY = "0x" + "0123456789" * 6 + "0123"


@dataclass(frozen=True, slots=True)
class Vector:
    """An action, signed with nonce 0 and ``KEY``."""

    name: str
    action: Action
    is_mainnet: bool
    signature: str
    """r, s and v as 65 bytes in hex."""
    vault: str | None = None

    def is_matched_by(self, signature: dict[str, str | int]) -> bool:
        """Whether a signature has the same three numbers, however many leading zeros it prints."""
        r, s, v = signature["r"], signature["s"], signature["v"]
        numbers = (int(self.signature[:64], 16), int(self.signature[64:128], 16), int(self.signature[128:], 16))
        return (int(str(r), 16), int(str(s), 16), v) == numbers


def _order(cloid: str | None = None, trigger: Trigger | None = None) -> Action:
    return actions.order([OrderRequest(1, True, Decimal(100), Decimal(100), False, "Gtc", cloid, trigger)])


WITH_CLOID = Vector(
    "order with client order id",
    _order("0x00000000000000000000000000000001"),
    True,
    "041ae18e8239a56cacbc5dad94d45d0b747e5da11ad564077fcac71277a946e3"
    "3c61f667e747404fe7eea8f90ab0e76cc12ce60270438b2058324681a00116da1b",
)
"""What every order of a bot is like, and what the connector that Hummingbot ships signs wrongly (D1)."""

VECTORS = (
    Vector(
        "order, mainnet",
        _order(),
        True,
        "d65369825a9df5d80099e513cce430311d7d26ddf477f5b3a33d2806b100d78e"
        "2b54116ff64054968aa237c20ca9ff68000f977c93289157748a3162b6ea940e1c",
    ),
    Vector(
        "order, testnet",
        _order(),
        False,
        "82b2ba28e76b3d761093aaded1b1cdad4960b3af30212b343fb2e6cdfa4e3d54"
        "6b53878fc99d26047f4d7e8c90eb98955a109f44209163f52d8dc4278cbbd9f51b",
    ),
    WITH_CLOID,
    Vector(
        "order with client order id, testnet",
        WITH_CLOID.action,
        False,
        "eba0664bed2676fc4e5a743bf89e5c7501aa6d870bdb9446e122c9466c5cd16d"
        "7f3e74825c9114bc59086f1eebea2928c190fdfbfde144827cb02b85bbe909881c",
    ),
    Vector(
        "stop loss",
        _order(trigger=Trigger(Decimal(103), is_market=True, tpsl="sl")),
        True,
        "98343f2b5ae8e26bb2587daad3863bc70d8792b09af1841b6fdd530a2065a3f9"
        "6b5bb6bb0633b710aa22b721dd9dee6d083646a5f8e581a20b545be6c1feb4051b",
    ),
    Vector(
        "action for a vault",
        {"type": "dummy", "num": 100_000_000_000},
        True,
        "003c548db75e479f8012acf3000ca3a6b05606bc2ec0c29c50c515066a326239"
        "4d402be7396ce74fbba3795769cda45aec00dc3125a984f2a9f23177b190da2c1c",
        vault="0x1719884eb866cb12b2287399b15f7db5e7d775ea",
    ),
)
