"""Lists of the venue's objects, decoded at once when all is well and item by item when it is not.

A list usually holds things that have nothing to do with each other, the fills of three strategies or the orders of ten
coins: one item that cannot be read costs only itself.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

import msgspec

from .numbers import is_plausible

CANNOT_READ: Final = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What a decoder raises: malformed JSON, bytes that are no text, nesting without end."""

_raw_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_raw_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class ListOf[T: msgspec.Struct]:
    """Decodes JSON arrays of one type of struct."""

    def __init__(self, item_type: type[T], expendable: Iterable[str] = ()) -> None:
        """:param expendable: fields with defaults that only inform: one that cannot be read does not cost the item."""
        self._whole = msgspec.json.Decoder(list[item_type]).decode  # type: ignore[valid-type]
        self._item = msgspec.json.Decoder(item_type).decode
        fields = {field.name: field for field in msgspec.structs.fields(item_type)}
        self._expendable = {name: msgspec.json.Decoder(fields[name].type).decode for name in expendable}

    def decode(self, raw: bytes | str | msgspec.Raw) -> tuple[list[T], int]:
        """The items that could be read, and how many could not.

        :raises msgspec.DecodeError, UnicodeError, RecursionError: when it is no array at all.
        """
        try:
            return self._whole(raw), 0
        except CANNOT_READ:
            items: list[T] = []
            malformed = 0
            for item in _raw_list(raw):
                decoded = self._decode_item(item)
                if decoded is None:
                    malformed += 1
                else:
                    items.append(decoded)
            return items, malformed

    def _decode_item(self, raw: msgspec.Raw) -> T | None:
        try:
            return self._item(raw)
        except CANNOT_READ:
            if not self._expendable:
                return None
        try:
            fields = _raw_object(raw)
            for name, decode in self._expendable.items():
                if name in fields and not _can(decode, fields[name]):
                    del fields[name]
            return self._item(msgspec.json.encode(fields))
        except CANNOT_READ:
            return None


def _can(decode: Callable[[msgspec.Raw], object], raw: msgspec.Raw) -> bool:
    try:
        value = decode(raw)
    except CANNOT_READ:
        return False
    return not isinstance(value, Decimal) or is_plausible(value)
