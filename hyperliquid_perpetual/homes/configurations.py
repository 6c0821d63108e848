"""The ready configurations in `conf/`: which there are, what each needs, and how they get into a bot home."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CONNECTOR = "hyperliquid_perpetual_sandbox"
_PACKAGE = Path(__file__).resolve().parents[1]
# A wheel carries them; a checkout has them beside the package.
CONFIGURATIONS = _PACKAGE / "conf" if (_PACKAGE / "conf").is_dir() else _PACKAGE.parent / "conf"

# folder of conf/ and of a bot home's conf/ -> what it holds, in words
KINDS = {
    "strategies": "V1 strategy",
    "controllers": "V2 controller",
    "scripts": "V2 script",
}
# Keys that name trading pairs end in one of these: `market`, `hedge_markets`, `trading_pair`, ...
PAIR_KEYS = ("market", "markets", "trading_pair", "trading_pairs")


class UnknownStrategyError(ValueError):
    """No configuration has the name asked for; the message lists those there are."""


@dataclass(frozen=True)
class Configuration:
    """One file of `conf/` that runs on the sandbox as it is."""

    name: str
    kind: str
    file: Path
    description: str
    trading_pairs: tuple[str, ...]

    @property
    def coins(self) -> tuple[str, ...]:
        """The venue's names of the markets it trades, as `BTC` in `BTC-USD`."""
        return tuple(pair.rpartition("-")[0] for pair in self.trading_pairs)


def all_configurations(folder: Path = CONFIGURATIONS) -> dict[str, Configuration]:
    """Every configuration that trades on the sandbox, by name.

    :raises ValueError: when a file cannot be read as YAML, or two files share a name.
    """
    found: dict[str, Configuration] = {}
    for kind in KINDS:
        for file in sorted((folder / kind).glob("*.yml")):
            configuration = _read(file, kind)
            if configuration is None:
                continue
            if configuration.name in found:
                raise ValueError(f"{file} and {found[configuration.name].file} have the same name; rename one of them")
            found[configuration.name] = configuration
    return found


def find(name: str, folder: Path = CONFIGURATIONS) -> Configuration:
    """The configuration called `name`, with or without `.yml`.

    :raises UnknownStrategyError: when there is none; the message says which there are and what they do.
    """
    known = all_configurations(folder)
    try:
        return known[name.removesuffix(".yml")]
    except KeyError:
        raise UnknownStrategyError(f"no configuration is called {name!r}. There are:\n{listing(known)}") from None


def listing(configurations: dict[str, Configuration]) -> str:
    """One line per configuration: its name and what it does."""
    if not configurations:
        return f"  (none: no file below {CONFIGURATIONS} trades on {CONNECTOR})"
    width = max(map(len, configurations))
    return "\n".join(f"  {item.name:<{width}}  {item.description}" for item in configurations.values())


def install(configuration: Configuration, home: Path) -> None:
    """Copy a configuration into a bot home, together with the code of ours that it may refer to.

    Everything is copied rather than linked: Hummingbot edits configurations in place.
    """
    source = configuration.file.parents[1]
    for file, place in files_for_a_home(source, code=source):
        target = home / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)


def files_for_a_home(folder: Path, code: Path) -> Iterator[tuple[Path, Path]]:
    """The files that go into a bot home, each with its place there.

    :param folder: where the configurations are, by kind.
    :param code: where the code is that they may refer to, by kind.
    """
    for kind in KINDS:
        for file in sorted((folder / kind).glob("*.yml")):
            yield file, Path("conf", kind, file.name)
    for kind in ("controllers", "scripts"):
        for file in sorted((code / kind).rglob("*.py")):
            yield file, Path(kind, *file.relative_to(code / kind).parts)


def _read(file: Path, kind: str) -> Configuration | None:
    """The configuration in a file, or None when it is for another network than the sandbox."""
    text = file.read_text(encoding="utf-8")
    try:
        content = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise ValueError(f"{file} is not valid YAML: {error}") from None
    controllers = [
        yaml.safe_load((file.parents[1] / "controllers" / name).read_text(encoding="utf-8")) or {}
        for name in content.get("controllers_config") or []
    ]
    if not any(CONNECTOR in _values(part) for part in (content, *controllers)):
        return None
    pairs = dict.fromkeys(pair for part in (content, *controllers) for pair in _trading_pairs(part))
    first_line = text.splitlines()[0] if text.startswith("#") else ""
    return Configuration(file.stem, kind, file, first_line.lstrip("# ").rstrip() or KINDS[kind], tuple(pairs))


def _values(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        for value in node.values():
            yield from _values(value)
    elif isinstance(node, list):
        for value in node:
            yield from _values(value)
    else:
        yield node


def _trading_pairs(node: Any, key: str = "") -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _trading_pairs(value, str(name))
    elif isinstance(node, list):
        for value in node:
            yield from _trading_pairs(value, key)
    elif key.endswith(PAIR_KEYS) and isinstance(node, str):
        yield node
