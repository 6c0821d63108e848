"""A private key that is searched for, in every form in which it could be written down."""

import base64
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from eth_account import Account

KEY = "0x6b1f3c9e5a7d2084c1e9f0b3d6a85472e4c8097b1d3f6a5e9c2b7084d1f6e3a5"
ADDRESS: str = Account.from_key(KEY).address.lower()
_DIGITS = KEY.removeprefix("0x")
_BYTES = bytes.fromhex(_DIGITS)


def forms() -> dict[str, bytes]:
    """What is searched for. With or without `0x`, whole or one half of it."""
    found = {
        "hex": _DIGITS.encode(),
        "hex in capitals": _DIGITS.upper().encode(),
        "hex with its case reversed": _DIGITS.swapcase().encode(),
        "first half of the hex": _DIGITS[:32].encode(),
        "second half of the hex": _DIGITS[32:].encode(),
        "hex of bytes in reversed order": _BYTES[::-1].hex().encode(),
        "hex backwards": _DIGITS[::-1].encode(),
        "bytes": _BYTES,
        "bytes in reversed order": _BYTES[::-1],
        "decimal": str(int(_DIGITS, 16)).encode(),
        "first half of the decimal": str(int(_DIGITS, 16))[:38].encode(),
        "list of bytes": ", ".join(map(str, _BYTES[:8])).encode(),
        "repr of bytes": repr(_BYTES)[2:-1].encode(),
        "UTF-16": _DIGITS.encode("utf-16-le"),
    }
    for name, data in {"bytes": _BYTES, "hex": _DIGITS.encode(), "prefixed hex": KEY.encode()}.items():
        for shift in range(3):
            # Base64 depends on where in a larger text the key begins; what its neighbours reach into is left out.
            encoded = base64.b64encode(b"\0" * shift + data)[4 if shift else 0 : -4]
            found[f"base64 of {name}, shifted by {shift}"] = encoded
            found[f"URL-safe base64 of {name}, shifted by {shift}"] = encoded.replace(b"+", b"-").replace(b"/", b"_")
    return found


_FORMS = forms()


def found_in(data: bytes | str) -> list[str]:
    """The forms in which the key is in some data."""
    if isinstance(data, str):
        data = data.encode(errors="surrogatepass")
    return [name for name, form in _FORMS.items() if form in data]


def found_below(folder: Path) -> dict[str, list[str]]:
    """Every file below a folder with the key in its content or its name; links are not followed."""
    found = {}
    for path in files_below(folder):
        forms_here = found_in(path.read_bytes()) + found_in(str(path))
        if forms_here:
            found[str(path.relative_to(folder))] = forms_here
    return found


def files_below(folder: Path) -> Iterator[Path]:
    """All regular files below a folder, without what links lead to."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            if stat.S_ISREG(path.lstat().st_mode):
                yield path
