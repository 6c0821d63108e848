"""Ethereum addresses as users type them and as the venue wants them."""

import re

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def normalize_address(text: str) -> str:
    """An address in lower case, without the ``HL:`` that the venue's vault page puts in front.

    :raises ValueError: unless it is ``0x`` and 40 hex digits; the message says what is wrong with it.
    """
    address = text.strip()
    if address[:3].upper() == "HL:":
        address = address[3:]
    if not _ADDRESS.fullmatch(address):
        hint = " (this looks like a private key)" if len(address.removeprefix("0x")) == 64 else f", got {text!r}"
        raise ValueError(f"expected an address of 0x and 40 hex digits{hint}")
    return address.lower()
