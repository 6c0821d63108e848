"""One fault as it is asked for: a typed value, the same whether it was written as a line, a table, JSON or a call."""

import difflib
import math
import shlex
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hyperliquid_perpetual.sandbox import subscriptions
from hyperliquid_perpetual.sandbox.faults.kinds import KINDS, Field, Value
from hyperliquid_perpetual.sandbox.info_requests import KnownInfo
from hyperliquid_perpetual.sandbox.signed_requests import KnownAction
from hyperliquid_perpetual.sandbox.unsupported import UNSUPPORTED_ACTIONS, UNSUPPORTED_INFO


class InvalidFault(ValueError):
    """What was asked for is no fault; the text says what would be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault; make it with `make_fault`, which checks it and adds the defaults.

    `fault` is the name of its kind (`kinds.KINDS`, which says what each field means). Times are in seconds.
    """

    fault: str
    path: str | None = None
    kind: str | None = None
    via: str | None = None
    channel: str | None = None
    coin: str | None = None
    user: str | None = None
    at: float = 0.0
    lasts: float | None = None
    every: float | None = None
    next: int | None = None
    chance: float | None = None
    after: bool = False
    hang: bool = False
    seconds: float = 0.0
    code: int = 0
    body: str | None = None
    reason: str = ""
    reply: str = ""
    how: str = ""
    by: int = 0
    sockets: int | None = None
    ms: int = 0
    halt: float = 0.0
    post_only: float = 0.0


def make_fault(fault: str, said: Mapping[str, Any]) -> Fault:
    """A fault of a kind with what is said about it; None counts as not said.

    :raises InvalidFault: for a kind, a field or a value that there is not; it says which there are.
    """
    kind = KINDS.get(fault)
    if kind is None:
        raise InvalidFault(f"there is no fault {shown(fault)}, there are {', '.join(KINDS)}")
    values: dict[str, Any] = {}
    for name, value in said.items():
        entry = kind.fields.get(name)
        if entry is None:
            raise InvalidFault(f"{fault} has no {shown(name)}, it has {', '.join(kind.fields)}")
        if value is not None:
            values[name] = _checked(fault, entry, value)
    for name, entry in kind.fields.items():
        if entry.default is not None:
            values.setdefault(name, entry.default)
    if kind.lasts is not None:
        values.setdefault("lasts", kind.lasts)
    if kind.is_repeated and not {"next", "lasts", "chance"} & set(values):
        values["next"] = 1
    _check_repetition(fault, values)
    return Fault(fault=fault, **values)


def parse_fault(text: str) -> Fault:
    """A fault from one line, as ``drop_reply kind=order next=3``; values with spaces stand in quotes.

    :raises InvalidFault: with what would be valid.
    """
    return make_fault(*split_line(text))


def split_line(text: str) -> tuple[str, dict[str, Value]]:
    """The name of the kind and the fields of one line, each with the type its kind wants.

    :raises InvalidFault: with what would be valid.
    """
    try:
        words = shlex.split(text)
    except ValueError:
        raise InvalidFault(f"{shown(text)} has a quotation mark that is not closed") from None
    if not words:
        raise InvalidFault(f"a fault begins with the name of its kind, one of {', '.join(KINDS)}")
    name, *rest = words
    kind = KINDS.get(name)
    said: dict[str, Value] = {}
    for word in rest:
        key, equals, value = word.partition("=")
        if not equals:
            raise InvalidFault(f"{shown(word)} in {shown(text)} is not of the form name=value")
        if key in said:
            raise InvalidFault(f"{key} is said twice in {shown(text)}")
        entry = None if kind is None else kind.fields.get(key)
        said[key] = value if entry is None else _from_text(name, entry, value)
    return name, said


def fault_from(value: object) -> Fault:
    """A fault from a line, or from a table of TOML or an object of JSON with its kind as `fault`.

    :raises InvalidFault: with what would be valid.
    """
    if isinstance(value, str):
        return parse_fault(value)
    if not isinstance(value, Mapping):
        raise InvalidFault(f"a fault is a line of text or a table, got {shown(value)}")
    said = dict(value)
    name = said.pop("fault", None)
    if not isinstance(name, str):
        raise InvalidFault(f"a fault says its kind as fault = one of {', '.join(KINDS)}, got {shown(name)}")
    return make_fault(name, said)


def as_json(fault: Fault) -> dict[str, Value]:
    """A fault as an object that `fault_from` takes back: what differs from the defaults of its kind."""
    kind = KINDS[fault.fault]
    found: dict[str, Value] = {"fault": fault.fault}
    for name, entry in kind.fields.items():
        value = getattr(fault, name)
        if value is not None and value != entry.default:
            found[name] = value
    return found


def as_text(fault: Fault) -> str:
    """A fault as the line that `parse_fault` takes back."""
    said = as_json(fault)
    del said["fault"]
    return " ".join([fault.fault, *(f"{name}={shlex.quote(_as_word(value))}" for name, value in said.items())])


def _as_word(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _check_repetition(fault: str, values: Mapping[str, Any]) -> None:
    """With `every`, one time has to be over before the next begins."""
    every = values.get("every")
    if every is None:
        return
    kind = KINDS[fault]
    length = values.get("lasts")
    if kind.takes_time:
        length = values["halt"] + values["post_only"]
    if length is None and "lasts" in kind.fields and not kind.is_repeated:
        raise InvalidFault(f"{fault} with every needs lasts, or it would never be over")
    if length is not None and length >= every:
        raise InvalidFault(f"{fault} lasts {length:g} seconds, so every is more than that, got {every:g}")


def _checked(fault: str, entry: Field, value: object) -> Value:
    """A value of the right type that the kind allows."""
    if entry.type is float and isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
        value = float(value)
    if type(value) is not entry.type or (isinstance(value, float) and not math.isfinite(value)):
        raise _invalid(fault, entry, value)
    assert isinstance(value, str | int | float | bool)
    if not _is_encodable(value) or not entry.check(value):
        raise _invalid(fault, entry, value)
    if entry.name == "user":
        return str(value).lower()
    if entry.name == "kind":
        _check_known(f"type of request {shown(value)}", str(value), REQUEST_KINDS)
    elif entry.name == "channel":
        _check_known(f"channel {shown(value)}", str(value), CHANNELS)
    return value


def _is_encodable(value: Value) -> bool:
    """Whether a text can be sent: no half of a surrogate pair in it."""
    return not isinstance(value, str) or not any("\ud800" <= letter <= "\udfff" for letter in value)


def _from_text(fault: str, entry: Field, text: str) -> Value:
    if entry.type is str:
        return text
    if entry.type is bool:
        if text in ("true", "false"):
            return text == "true"
        raise _invalid(fault, entry, text)
    try:
        return entry.type(text)
    except ValueError:
        raise _invalid(fault, entry, text) from None


def _invalid(fault: str, entry: Field, value: object) -> InvalidFault:
    return InvalidFault(f"{entry.name} of {fault} is {entry.valid}, got {shown(value)}")


def shown(value: object) -> str:
    """A value as it is repeated in an error, not longer than a line can bear, whatever it is."""
    if isinstance(value, int) and value.bit_length() > 256:
        return "a number of many digits"
    try:
        text = ascii(value)
    except (ValueError, RecursionError):  # a number of very many digits somewhere in it, or it goes very deep
        return f"a {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:77]}..."


def _check_known(what: str, value: str, known: Iterable[str]) -> None:
    if value in known:
        return
    near = difflib.get_close_matches(value, known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(sorted(known, key=str.lower))}"
    raise InvalidFault(f"there is no {what}, {hint}")


def _tags(union: Any) -> frozenset[str]:
    return frozenset(str(member.__struct_config__.tag) for member in _members(union))


def _members(union: Any) -> list[Any]:
    found: list[Any] = []
    for member in typing.get_args(union):
        found += _members(member) if typing.get_args(member) else [member]
    return found


REQUEST_KINDS = _tags(KnownAction) | _tags(KnownInfo) | UNSUPPORTED_ACTIONS | UNSUPPORTED_INFO
"""The types of actions and info requests that a fault can be narrowed to."""
CHANNELS = (_tags(subscriptions.KnownSubscription) - {"userEvents"}) | {
    "user",
    "post",
    "subscriptionResponse",
    "pong",
    "error",
}
"""The channels that frames can have: the subscriptions' names, but for `userEvents`, and those of the session."""
