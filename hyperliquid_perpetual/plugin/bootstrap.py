"""The import finder that answers for Hummingbot's `hyperliquid_perpetual` connector with the modules of this package.

`import hummingbot.connector.derivative.hyperliquid_perpetual.X` yields the very module object that
`import hyperliquid_perpetual.X` yields: one module, one class, whichever name Hummingbot or a user reaches it by.
Hummingbot's files are not touched; without the finder its own connector is back.

Three modules of Hummingbot keep lists in which our networks are missing (candles feeds, rate sources): to those it adds
ours, right after they are loaded.

Runs at the start of every process of the Python it is enabled for, so it imports nothing that costs time.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from types import ModuleType

CANONICAL_NAME = "hummingbot.connector.derivative.hyperliquid_perpetual"
PACKAGE = "hyperliquid_perpetual"
KILL_SWITCH = "HYPERLIQUID_PERPETUAL_PLUGIN"
OFF_VALUES = frozenset({"0", "off", "false", "no"})
ADDITIONS_MODULE = "trading.additions"
ADDED_TO = frozenset(
    {
        "hummingbot.data_feed.candles_feed.candles_factory",
        "hummingbot.core.rate_oracle.rate_oracle",
        "hummingbot.client.config.client_config_map",
    }
)
"""Modules of Hummingbot that get additions; which ones, is known to the additions themselves."""


class AliasLoader:
    """Makes an import of one name give the module that lives under another."""

    def __init__(self, target: str) -> None:
        self.target = target
        self._own_spec: ModuleSpec | None = None

    def create_module(self, spec: "ModuleSpec") -> "ModuleType":
        """The module behind the alias, imported under its own name first."""
        from importlib import import_module

        module = import_module(self.target)
        self._own_spec = module.__spec__
        return module

    def exec_module(self, module: "ModuleType") -> None:
        """Nothing is executed again. The import system has just written the alias's spec onto the module: undo that,
        or reload, pickling of modules and resource lookups would follow the alias instead of the file."""
        module.__spec__ = self._own_spec


class AddingLoader:
    """Loads a module as its own loader does, then has the additions made, which may fail but never the import."""

    def __init__(self, loader: "Loader") -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> object:
        return getattr(self._loader, name)

    def create_module(self, spec: "ModuleSpec") -> "ModuleType | None":
        """Whatever the own loader makes."""
        return self._loader.create_module(spec)

    def exec_module(self, module: "ModuleType") -> None:
        """Runs the module, then adds to it."""
        spec = module.__spec__
        # Gone again before the module runs: it and everybody later see the loader it really has.
        if spec is not None:
            spec.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        try:
            from importlib import import_module

            additions = import_module(f"{PACKAGE}.{ADDITIONS_MODULE}").ADDITIONS
            additions[module.__name__](module)
        except Exception as error:
            import logging

            logging.getLogger(CANONICAL_NAME).warning("Nothing was added to %s: %r", module.__name__, error)


class AliasFinder:
    """Answers for Hummingbot's connector package and everything below it; every other import passes by."""

    @staticmethod
    def find_spec(
        fullname: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        """The spec of an alias, or None for a name that is not Hummingbot's connector or that we have no module for."""
        if fullname in ADDED_TO:
            return spec_with_additions(fullname, path, target)
        if fullname != CANONICAL_NAME:
            if not fullname.startswith(CANONICAL_NAME + "."):
                return None
            # Loaded before the finder was there: Hummingbot's own package stays whole rather than half replaced.
            if sys.modules.get(CANONICAL_NAME) is not sys.modules.get(PACKAGE):
                return None
        from importlib import util
        from importlib.machinery import ModuleSpec

        own_name = PACKAGE + fullname[len(CANONICAL_NAME) :]
        try:
            own_spec = util.find_spec(own_name)
        except (ModuleNotFoundError, ValueError):
            return None
        if own_spec is None:
            return None
        spec = ModuleSpec(fullname, AliasLoader(own_name), origin=own_spec.origin)  # type: ignore[arg-type]  # duck-typed
        spec.submodule_search_locations = own_spec.submodule_search_locations
        return spec


def spec_with_additions(
    fullname: str, path: "Sequence[str] | None", target: "ModuleType | None"
) -> "ModuleSpec | None":
    """The spec that the finders after ours have for a module, loaded with additions."""
    for finder in sys.meta_path:
        if finder is not AliasFinder and hasattr(finder, "find_spec"):
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None and hasattr(spec.loader, "exec_module"):
                    spec.loader = AddingLoader(spec.loader)  # type: ignore[assignment]  # duck-typed
                return spec
    return None


def is_switched_off() -> bool:
    """Whether the environment variable HYPERLIQUID_PERPETUAL_PLUGIN says to leave Hummingbot's own connector alone."""
    return os.environ.get(KILL_SWITCH, "").strip().lower() in OFF_VALUES


def is_installed() -> bool:
    """Whether the finder is at work in this process."""
    return AliasFinder in sys.meta_path


def install() -> None:
    """Put the finder first, once, unless it is switched off."""
    if not is_switched_off() and not is_installed():
        sys.meta_path.insert(0, AliasFinder)


def uninstall() -> None:
    """Take the finder out again; modules that are already imported stay what they are."""
    if is_installed():
        sys.meta_path.remove(AliasFinder)
