"""Ethereum addresses as users type them and as the venue wants them."""

import re

_ADDRESS = re.compile(r"(?:0[xX])?([0-9a-fA-F]{40})")
# Longer texts are not quoted in errors: a private key that lost or gained a digit is still nearly the key.
_MAX_QUOTED = 48


def normalize_address(text: str) -> str:
    """An address in lower case, without what copying adds to it: blanks, quotes, the ``HL:`` of the venue's vault page;
    and with the ``0x`` that it may have lost.

    :raises ValueError: unless it is 40 hex digits then; the message says what is wrong with it.
    """
    address = text.strip().strip("\"'").strip()
    if address[:3].upper() == "HL:":
        address = address[3:]
    found = _ADDRESS.fullmatch(address)
    if found is None:
        got = repr(text) if len(text) <= _MAX_QUOTED else f"{len(text)} characters (is this a private key?)"
        raise ValueError(f"expected an address of 0x and 40 hex digits, got {got}")
    return f"0x{found[1].lower()}"
