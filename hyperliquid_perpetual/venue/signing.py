"""From an action to the 65 bytes that authorise it.

Reference, section 4.1. An L1 action is packed with msgpack, followed by nonce, vault and expiry, hashed with keccak,
and the hash is signed as the ``connectionId`` of an EIP-712 ``Agent``. Of that typed data only the hash changes, so
domain, type and source are hashed once; what remains is three keccaks and one secp256k1 signature. The packer is
msgspec's: the package that plain ``msgpack`` resolves to beside Hummingbot writes strings of 32 bytes and more in an
outdated form, which makes every signature of an order with a client order id wrong (D1 of the audit).
"""

import re
from typing import Any, NoReturn

import msgspec
from coincurve import PrivateKey
from sha3 import keccak_256

from .actions import Action

_pack = msgspec.msgpack.Encoder().encode
_DOMAIN_TYPE = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
_AGENT_TYPE = b"Agent(string source,bytes32 connectionId)"
_ADDRESS_BYTES = 20
_is_key = re.compile(r"(?:0[xX])?[0-9a-fA-F]{64}").fullmatch


def keccak(data: bytes) -> bytes:
    """Keccak-256, the hash of Ethereum (32 bytes)."""
    digest: bytes = keccak_256(data).digest()
    return digest


_DOMAIN_HASH = keccak(
    keccak(_DOMAIN_TYPE) + keccak(b"Exchange") + keccak(b"1") + (1337).to_bytes(32, "big") + bytes(32)
)
# Everything of the signed message that comes before the connection id: per network, because of the source.
_AGENT_PREFIX = {
    True: keccak(_AGENT_TYPE) + keccak(b"a"),
    False: keccak(_AGENT_TYPE) + keccak(b"b"),
}
_TYPED_DATA_PREFIX = b"\x19\x01" + _DOMAIN_HASH


def action_hash(
    action: Action, nonce: int, vault_address: str | None = None, expires_after: int | None = None
) -> bytes:
    """The 32-byte ``connectionId`` of an L1 action.

    :param nonce: Unix milliseconds.
    :param vault_address: vault or sub-account acted for, ``0x`` and 40 hex digits; anything else is a ``ValueError``.
    :param expires_after: Unix milliseconds after which the venue refuses the action. When unset nothing is appended;
        when set its marker byte is 0x00.
    """
    return hash_packed_action(_pack(action), nonce, vault_address, expires_after)


def hash_packed_action(packed: bytes, nonce: int, vault_address: str | None, expires_after: int | None) -> bytes:
    """``action_hash`` of an action that is packed already."""
    data = packed + nonce.to_bytes(8, "big")
    if vault_address is None:
        data += b"\x00"
    else:
        vault = bytes.fromhex(vault_address.removeprefix("0x"))
        if len(vault) != _ADDRESS_BYTES:
            raise ValueError(f"expected a vault address of 0x and 40 hex digits, got {len(vault)} bytes")
        data += b"\x01" + vault
    if expires_after is not None:
        data += b"\x00" + expires_after.to_bytes(8, "big")
    return keccak(data)


def signing_digest(connection_id: bytes, is_mainnet: bool) -> bytes:
    """The 32 bytes that are signed: EIP-712 over ``Agent{source, connectionId}``."""
    return keccak(_TYPED_DATA_PREFIX + keccak(_AGENT_PREFIX[is_mainnet] + connection_id))


class SecretText:
    """A text on its way to where it is used, which no repr, traceback with locals, copy or pickle shows."""

    __slots__ = ("_text",)

    def __init__(self, text: "str | SecretText | None") -> None:
        self._text: str = text._text if isinstance(text, SecretText) else text or ""

    def __bool__(self) -> bool:
        return bool(self._text)

    def __repr__(self) -> str:
        return "SecretText(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be copied or pickled")

    def stripped(self) -> "SecretText":
        """What was meant by a text that was copied with blanks, line ends or quotes around it."""
        return SecretText(self._text.strip().strip("\"'").strip())


class Signer:
    """Holds a private key and signs with it. The key cannot be read back, printed, copied or pickled.

    ``address`` is the Ethereum address of the key, ``0x`` and 40 lower-case hex digits.
    """

    __slots__ = ("_key", "address")

    def __init__(self, private_key: str | SecretText) -> None:
        """:param private_key: 64 hex digits, with or without ``0x``.

        :raises ValueError: when it is anything else. Neither the message nor the frames of the traceback contain the
            text that was given.
        """
        private_key = SecretText(private_key)
        key = _parse_key(private_key)
        if key is None:
            raise ValueError(
                "the private key is not valid: expected 64 hex digits (with or without 0x), "
                "non-zero and below the curve's order"
            )
        self._key = key
        point = self._key.public_key.format(compressed=False)
        self.address = "0x" + keccak(point[1:])[-20:].hex()

    def sign_action(
        self,
        action: Action,
        nonce: int,
        is_mainnet: bool,
        vault_address: str | None = None,
        expires_after: int | None = None,
    ) -> dict[str, str | int]:
        """The ``signature`` object of a request: ``{"r": "0x…", "s": "0x…", "v": 27 or 28}``."""
        return self.sign_digest(signing_digest(action_hash(action, nonce, vault_address, expires_after), is_mainnet))

    def sign_digest(self, digest: bytes) -> dict[str, str | int]:
        """Signs 32 bytes as they are."""
        signature = self._key.sign_recoverable(digest, hasher=None)
        return {
            "r": "0x" + signature[:32].hex(),
            "s": "0x" + signature[32:64].hex(),
            "v": 27 + signature[64],
        }

    def __repr__(self) -> str:
        return f"Signer({self.address})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Signer holds a private key and cannot be copied or pickled")

    def __deepcopy__(self, memo: dict[int, Any]) -> NoReturn:
        raise TypeError("a Signer holds a private key and cannot be copied or pickled")


def _parse_key(private_key: SecretText) -> PrivateKey | None:
    """The key; None for a text that is none. Nothing is raised here: the frames of an exception keep their locals."""
    text = private_key._text.strip() if isinstance(private_key._text, str) else ""
    # Checked before it is decoded: bytes.fromhex skips blanks, and what is left would be padded to another key.
    if not _is_key(text):
        return None
    try:
        return PrivateKey(bytes.fromhex(text[-64:]))
    except ValueError:
        return None
