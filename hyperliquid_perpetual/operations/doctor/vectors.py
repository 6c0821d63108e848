"""Signatures that are known to be right, to compare with what this environment makes.

They are values that the official Python SDK's tests publish; the test suite has all of them, here is one of each kind
that a bot sends. Their key is public and worth nothing.
"""

from dataclasses import dataclass
from decimal import Decimal

from hyperliquid_perpetual.venue import actions
from hyperliquid_perpetual.venue.actions import Action, OrderRequest, Trigger

KEY = "0x0123456789012345678901234567890123456789012345678901234567890123"


@dataclass(frozen=True, slots=True)
class Vector:
    """An action, signed with nonce 0 and ``KEY``."""

    name: str
    action: Action
    is_mainnet: bool
    r: str
    s: str
    v: int
    vault: str | None = None

    def is_matched_by(self, signature: dict[str, str | int]) -> bool:
        """Whether a signature has the same three numbers, however many leading zeros it prints."""
        return (int(str(signature["r"]), 16), int(str(signature["s"]), 16), signature["v"]) == (
            int(self.r, 16),
            int(self.s, 16),
            self.v,
        )


def _order(cloid: str | None = None, trigger: Trigger | None = None) -> Action:
    return actions.order([OrderRequest(1, True, Decimal(100), Decimal(100), False, "Gtc", cloid, trigger)])


WITH_CLOID = Vector(
    "order with client order id",
    _order("0x00000000000000000000000000000001"),
    True,
    "0x41ae18e8239a56cacbc5dad94d45d0b747e5da11ad564077fcac71277a946e3",
    "0x3c61f667e747404fe7eea8f90ab0e76cc12ce60270438b2058324681a00116da",
    27,
)
"""What every order of a bot is like, and what the connector that Hummingbot ships signs wrongly (D1)."""

VECTORS = (
    Vector(
        "order, mainnet",
        _order(),
        True,
        "0xd65369825a9df5d80099e513cce430311d7d26ddf477f5b3a33d2806b100d78e",
        "0x2b54116ff64054968aa237c20ca9ff68000f977c93289157748a3162b6ea940e",
        28,
    ),
    Vector(
        "order, testnet",
        _order(),
        False,
        "0x82b2ba28e76b3d761093aaded1b1cdad4960b3af30212b343fb2e6cdfa4e3d54",
        "0x6b53878fc99d26047f4d7e8c90eb98955a109f44209163f52d8dc4278cbbd9f5",
        27,
    ),
    WITH_CLOID,
    Vector(
        "order with client order id, testnet",
        WITH_CLOID.action,
        False,
        "0xeba0664bed2676fc4e5a743bf89e5c7501aa6d870bdb9446e122c9466c5cd16d",
        "0x7f3e74825c9114bc59086f1eebea2928c190fdfbfde144827cb02b85bbe90988",
        28,
    ),
    Vector(
        "stop loss",
        _order(trigger=Trigger(Decimal(103), is_market=True, tpsl="sl")),
        True,
        "0x98343f2b5ae8e26bb2587daad3863bc70d8792b09af1841b6fdd530a2065a3f9",
        "0x6b5bb6bb0633b710aa22b721dd9dee6d083646a5f8e581a20b545be6c1feb405",
        27,
    ),
    Vector(
        "action for a vault",
        {"type": "dummy", "num": 100_000_000_000},
        True,
        "0x3c548db75e479f8012acf3000ca3a6b05606bc2ec0c29c50c515066a326239",
        "0x4d402be7396ce74fbba3795769cda45aec00dc3125a984f2a9f23177b190da2c",
        28,
        vault="0x1719884eb866cb12b2287399b15f7db5e7d775ea",
    ),
)
