"""What all signed actions have in common, and the two kinds there are (reference, sections 3 and 4).

An L1 action is hashed as msgpack, so the field order of its struct *is* the venue's canonical key order. A user-signed
action is hashed as EIP-712 fields, which its class lists by name and type.
"""

import re
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, Struct

AssetId = Annotated[int, Meta(ge=0, le=2**32 - 1)]
U64 = Annotated[int, Meta(ge=0)]
Address = Annotated[str, Meta(pattern="^0x[0-9a-fA-F]{40}$")]
Cloid = Annotated[str, Meta(pattern="^0x[0-9a-fA-F]{32}$")]
HexNumber = Annotated[str, Meta(pattern="^0x[0-9a-fA-F]{1,64}$")]


class Action(Struct, tag_field="type", omit_defaults=True):
    """One action. `items` is what the address budget counts (section 9.3), `batch` what the IP weight counts."""

    takes_vault: ClassVar[bool] = True

    def normalise(self) -> None:
        """Bring every value to the venue's spelling; ValueError when one cannot be."""

    @property
    def items(self) -> int:
        return 1


class UserSignedAction(Action):
    """Signed by the account's own key, never by an agent, and for no vault (section 4.2)."""

    takes_vault: ClassVar[bool] = False
    primary_type: ClassVar[str]
    """After `HyperliquidTransaction:`."""
    signed_fields: ClassVar[tuple[tuple[str, str], ...]]
    """(name, type) of what is signed after `hyperliquidChain`."""

    hyperliquidChain: Literal["Mainnet", "Testnet"]
    signatureChainId: HexNumber

    @property
    def own_nonce(self) -> int:
        """The nonce that is part of what was signed; it has to equal the request's."""
        nonce: int = getattr(self, self.signed_fields[-1][0])
        return nonce

    def signed_values(self) -> dict[str, Any]:
        """The signed fields with their values; one that was left out is the empty text."""
        values = {name: getattr(self, name) for name, _ in self.signed_fields}
        return {name: "" if value is None else value for name, value in values.items()}


_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def is_address(value: object) -> bool:
    """Whether a value is an address as the venue accepts it: 0x and 40 hex digits, in any case."""
    return isinstance(value, str) and _ADDRESS.fullmatch(value) is not None
