"""The page of all options, made of the models that check them: ``python -m tests.docs.options`` writes it."""

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel

from hyperliquid_perpetual.hyperliquid_perpetual_utils import HyperliquidPerpetualConfigMap
from hyperliquid_perpetual.trading.settings import BookPrecision, BookSettings, BuilderSettings, Settings
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "options.md"

_INTRODUCTION = """\
# Options

Everything that can be chosen, with what is valid and what holds without a choice. This page is written by `python -m
tests.docs.options` out of the models that check the values, and a test holds it against them.
"""
_SETTINGS = """\
## The settings file

`conf/hyperliquid_perpetual.yml` in the folder where Hummingbot has its `conf` (a commented one with all defaults is
[here](../conf/hyperliquid_perpetual.yml)). Nothing in it is needed. A section with the name of a network
(`hyperliquid_perpetual`, `hyperliquid_perpetual_testnet`, `hyperliquid_perpetual_sandbox`) holds for that network, the
section `all` for every one; a network's own section goes before. The file is read when a connector is made, so stop and
start the bot after a change. A name or a value that cannot be used is told in one sentence, and nothing is traded
until it is mended.

```yaml
all:
  slippage: 0.03
hyperliquid_perpetual:
  dead_mans_switch_seconds: 120
```
"""
_KEYS = """\
## What `connect` asks

Stored encrypted by Hummingbot, in `conf/connectors/`, under these names (with `_testnet` or `_sandbox` behind
`hyperliquid_perpetual` on the other networks). [Credentials](credentials.md) says how to answer safely.
"""
_VARIABLES = {
    "HYPERLIQUID_ACCEPTANCE_ADDRESS": "for `acceptance`: the account that it trades for ([acceptance](acceptance.md))",
    "HYPERLIQUID_ACCEPTANCE_SECRET_KEY": "for `acceptance`: the private key of an API wallet of the account",
    "HYPERLIQUID_ACCEPTANCE_VAULT": "for `acceptance`: a vault or sub-account of it to trade for",
    "HYPERLIQUID_PERPETUAL_PLUGIN": "`0`, `off`, `false` or `no`: this process gets Hummingbot's own connector",
    "HYPERLIQUID_PERPETUAL_SETTINGS": "the path of the settings file, when not `conf/hyperliquid_perpetual.yml`",
    "HYPERLIQUID_PERPETUAL_SHARED_LIMITS": "a folder in which the bots of a machine share the venue's limits, or `off`"
    " ([limits](limits.md))",
    "HYPERLIQUID_RATES_DOMAIN": "where prices are read for Hummingbot's rate oracle, when not on mainnet: the name of a"
    " network",
    "HYPERLIQUID_SANDBOX_URL": "where the sandbox listens, when not at `http://127.0.0.1:3001`",
}
_COMMANDS = """\
## Options of the commands

`hyperliquid-perpetual --help` lists the commands, and each command's own `--help` its options, with examples at the
end. `hyperliquid-perpetual --install-completion` teaches your shell to complete all of them.
"""


@dataclass(frozen=True)
class Option:
    """One row."""

    name: str
    valid: str
    default: str
    meaning: str


def text() -> str:
    """The whole page."""
    parts = [_unwrapped(_INTRODUCTION), _unwrapped(_SETTINGS), _table(settings())]
    parts += [
        "The entries of `book` (without `pairs`, those of each pair too) and of `builder`:\n",
        _table([*_options(BookPrecision, "book."), *_own_options(BookSettings, BookPrecision, "book.")]),
        _table(list(_options(BuilderSettings, "builder."))),
        _unwrapped(_KEYS),
        _table(list(connect_keys())),
        "## Environment variables\n",
        "| variable | meaning |\n|---|---|\n" + "".join(f"| `{name}` | {use} |\n" for name, use in _VARIABLES.items()),
        _unwrapped(_COMMANDS),
    ]
    return "\n".join(parts)


def settings() -> list[Option]:
    """The entries of a section of the settings file."""
    return list(_options(Settings, ""))


def connect_keys() -> Iterator[Option]:
    """What `connect` asks, with its prompts."""
    for name, field in HyperliquidPerpetualConfigMap.model_fields.items():
        extra = field.json_schema_extra
        if not isinstance(extra, dict):
            continue
        prompt = extra["prompt"]
        said = str(prompt(HyperliquidPerpetualConfigMap.model_construct()) if callable(prompt) else prompt)
        default = "none" if field.is_required() else {False: "No"}.get(field.default, f"`{field.default}`")
        if field.annotation is bool:
            valid = "Yes or No"
        elif choices := get_args(field.annotation):
            valid = _either(list(choices))
        else:
            valid = f"0x and {40 if name.endswith('_address') else 64} hex digits"
        yield Option(name, valid, default, said)


def _options(model: type[BaseModel], prefix: str) -> Iterator[Option]:
    schema = model.model_json_schema()
    meanings = _docstrings(model)
    for name, field in model.model_fields.items():
        valid = _valid(schema["properties"][name], schema.get("$defs", {}))
        yield Option(prefix + name, valid, _default(field.default, field.is_required()), meanings[name])


def _own_options(model: type[BaseModel], base: type[BaseModel], prefix: str) -> Iterator[Option]:
    """The options that a model has beyond those of its base."""
    inherited = {prefix + name for name in base.model_fields}
    own = {**_docstrings(base), **_docstrings(model)}
    schema = model.model_json_schema()
    for name, field in model.model_fields.items():
        if prefix + name not in inherited:
            valid = _valid(schema["properties"][name], schema.get("$defs", {}))
            yield Option(prefix + name, valid, _default(field.default, field.is_required()), own[name])


def _docstrings(model: type[BaseModel]) -> dict[str, str]:
    """What is written below each field."""
    (cls,) = ast.parse(inspect.getsource(model)).body
    assert isinstance(cls, ast.ClassDef)
    found: dict[str, str] = {}
    for field, below in zip(cls.body, cls.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            meaning = ""
            if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                meaning = " ".join(str(below.value.value).split())
            found[field.target.id] = meaning
    for last in cls.body[-1:]:
        if isinstance(last, ast.AnnAssign) and isinstance(last.target, ast.Name):
            found[last.target.id] = ""
    return {name: re.sub(r"\bNone\b", "null", meaning.replace("``", "`")) for name, meaning in found.items()}


def _valid(schema: dict[str, Any], models: dict[str, Any]) -> str:
    """What a value may be, in words."""
    if "anyOf" in schema:
        choices = schema["anyOf"]
        # A Decimal may be given as a number or as a text of one.
        numbers = [each for each in choices if each.get("type") == "number"]
        shown = numbers or [each for each in choices if each.get("type") != "null"]
        words = [_valid(each, models) for each in shown]
        return ", ".join(words) + (", or `null`" if {"type": "null"} in choices else "")
    if "$ref" in schema or "allOf" in schema:
        reference = schema.get("$ref") or schema["allOf"][0]["$ref"]
        entries = models[reference.rpartition("/")[2]]["properties"]
        return f"entries {', '.join(f'`{name}`' for name in entries)}"
    if "enum" in schema:
        return _either(schema["enum"])
    match schema.get("type"):
        case "boolean":
            return "`true` or `false`"
        case "integer":
            return "a whole number" + _range(schema)
        case "number":
            return "a number" + _range(schema)
        case "object":
            return f"for each pair: {_valid(schema['additionalProperties'], models)}"
        case "string" if "maxLength" in schema:
            return f"a text of {schema['minLength']} to {schema['maxLength']} characters"
        case "string" if "minLength" in schema:
            return "a text"
        case "string":
            return "an address (0x and 40 hex digits)"
    raise ValueError(f"no words for {schema}")


def _range(schema: dict[str, Any]) -> str:
    parts = []
    if "minimum" in schema and "maximum" in schema:
        parts.append(f"{_number(schema['minimum'])} to {_number(schema['maximum'])}")
    else:
        words = {"exclusiveMinimum": "above", "minimum": "from", "maximum": "up to", "exclusiveMaximum": "below"}
        parts.append(" and ".join(f"{word} {_number(schema[key])}" for key, word in words.items() if key in schema))
    if "multipleOf" in schema:
        parts.append(f"in steps of {_number(schema['multipleOf'])}")
    return "".join(f", {part}" for part in parts if part)


def _number(value: float) -> str:
    return f"{value:g}" if value < 10_000 else f"{value:.0f}"


def _either(values: list[Any]) -> str:
    *others, last = (f"`{value}`" for value in values)
    return f"{', '.join(others)} or {last}" if others else last


def _default(value: Any, required: bool) -> str:
    if required:
        return "none: it must be given"
    if value is None:
        return "`null`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, BaseModel):
        return "as below"
    return f"`{value}`"


def _table(options: list[Option]) -> str:
    lines = ["| option | valid | default | meaning |", "|---|---|---|---|"]
    lines += [f"| `{each.name}` | {each.valid} | {each.default} | {each.meaning} |" for each in options]
    return "\n".join(lines) + "\n"


def _unwrapped(text: str) -> str:
    head, fence, code = text.partition("```yaml")
    return re.sub(r"(?<!\n)\n(?!\n|$)", " ", head) + fence + code


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
