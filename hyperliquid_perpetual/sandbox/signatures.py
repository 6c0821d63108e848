"""Who signed a request: the address recovered from a signature over what `eth_account` says was signed.

Deliberately not the connector's own signing code: one mistake must not be able to hide in both. What never changes
between two L1 actions (EIP-712 domain, type and source hashes; reference, section 4.1) is taken once from
`eth_account`'s general typed-data encoder, and the short form used afterwards is checked against it at import. The key
is recovered by libsecp256k1 itself: `eth_keys` calls the same function, and spends half as much again on its way there.
"""

import sha3
from coincurve import PublicKey
from eth_account.messages import SignableMessage, encode_typed_data

from hyperliquid_perpetual.sandbox.action_base import UserSignedAction
from hyperliquid_perpetual.sandbox.signed_requests import Signature, SignedRequest, canonical_bytes

ZERO_ADDRESS = "0x" + "00" * 20
_DOMAIN_FIELDS = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
]
_AGENT_FIELDS = [{"name": "source", "type": "string"}, {"name": "connectionId", "type": "bytes32"}]
TESTNET_SOURCE = "b"
MAINNET_SOURCE = "a"


class Unrecoverable(Exception):
    """No address can have made this signature (the venue: ``Unable to recover signer``)."""


def keccak(data: bytes) -> bytes:
    """Ethereum's 256-bit hash."""
    digest: bytes = sha3.keccak_256(data).digest()
    return digest


def connection_id(packed: bytes, nonce: int, vault: str | None, expires_after: int | None) -> bytes:
    """The hash that stands for an L1 action: msgpack, nonce, vault marker, and the expiry only if there is one."""
    data = packed + nonce.to_bytes(8, "big")
    data += b"\x00" if vault is None else b"\x01" + bytes.fromhex(vault[2:])
    if expires_after is not None:
        data += b"\x00" + expires_after.to_bytes(8, "big")
    return keccak(data)


def phantom_agent_message(source: str, connection: bytes) -> SignableMessage:
    """The EIP-712 message of an L1 action, by `eth_account`'s general encoder."""
    return encode_typed_data(
        full_message={
            "domain": {"name": "Exchange", "version": "1", "chainId": 1337, "verifyingContract": ZERO_ADDRESS},
            "types": {"EIP712Domain": _DOMAIN_FIELDS, "Agent": _AGENT_FIELDS},
            "primaryType": "Agent",
            "message": {"source": source, "connectionId": connection},
        }
    )


class _PhantomAgent:
    """The digest of an L1 action for one source, with everything constant hashed once."""

    def __init__(self, source: str) -> None:
        probe = keccak(b"probe")
        message = phantom_agent_message(source, probe)
        self._head = b"\x19" + message.version + message.header
        self._struct = keccak(b"Agent(string source,bytes32 connectionId)") + keccak(source.encode())
        if keccak(self._struct + probe) != message.body:
            raise RuntimeError("the short form of the phantom agent's hash disagrees with eth_account")

    def digest(self, connection: bytes) -> bytes:
        return keccak(self._head + keccak(self._struct + connection))


_SOURCES = {source: _PhantomAgent(source) for source in (TESTNET_SOURCE, MAINNET_SOURCE)}


def recover(digest: bytes, signature: Signature) -> str:
    """The lowercase address whose key made a signature over a digest.

    :raises Unrecoverable: when there is none.
    """
    if signature.v not in (27, 28):
        raise Unrecoverable("v is neither 27 nor 28")
    try:
        # Clients may leave out leading zeros (reference, section 1.2).
        both = bytes.fromhex(signature.r[2:].rjust(64, "0") + signature.s[2:].rjust(64, "0"))
        public = PublicKey.from_signature_and_message(both + bytes((signature.v - 27,)), digest, hasher=None)
    except ValueError as error:
        raise Unrecoverable(str(error)) from None
    return "0x" + keccak(public.format(compressed=False)[1:])[12:].hex()


def recover_signer(request: SignedRequest) -> str:
    """The address that signed a request as this exchange understands it: L1 actions with testnet's source.

    :raises Unrecoverable: when the signature cannot be one.
    """
    action = request.action
    if isinstance(action, UserSignedAction):
        return recover(_user_signed_digest(action), request.signature)
    packed = canonical_bytes(action)
    return recover_l1(packed, request, TESTNET_SOURCE)


def recover_l1(packed: bytes, request: SignedRequest, source: str) -> str:
    """The signer of a request under the assumption that its action was packed as `packed` and signed for `source`."""
    connection = connection_id(packed, request.nonce, request.vaultAddress, request.expiresAfter)
    return recover(_SOURCES[source].digest(connection), request.signature)


def _user_signed_digest(action: UserSignedAction) -> bytes:
    """The EIP-712 digest of a user-signed action (section 4.2), by `eth_account`'s general encoder."""
    primary_type = f"HyperliquidTransaction:{action.primary_type}"
    fields = [{"name": name, "type": kind} for name, kind in (("hyperliquidChain", "string"), *action.signed_fields)]
    message = encode_typed_data(
        full_message={
            "domain": {
                "name": "HyperliquidSignTransaction",
                "version": "1",
                "chainId": int(action.signatureChainId, 16),
                "verifyingContract": ZERO_ADDRESS,
            },
            "types": {"EIP712Domain": _DOMAIN_FIELDS, primary_type: fields},
            "primaryType": primary_type,
            "message": {"hyperliquidChain": action.hyperliquidChain, **action.signed_values()},
        }
    )
    return keccak(b"\x19" + message.version + message.header + message.body)
