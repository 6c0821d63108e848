"""A Hummingbot source checkout in miniature, for tests of what looks at an installation from outside."""

from pathlib import Path


def hummingbot_tree(folder: Path, release: str = "20260922", ships_connector: bool = True) -> Path:
    """Make the checkout in `folder`: packages, a release number, and a stock connector that knows one other domain."""
    root = folder / "hummingbot"
    connector = root / "connector" / "derivative" / "hyperliquid_perpetual"
    connector.mkdir(parents=True)
    for package in (root, root / "connector", root / "connector" / "derivative"):
        (package / "__init__.py").touch()
    (root / "VERSION").write_text(release + "\n")
    if ships_connector:
        (connector / "__init__.py").touch()
        (connector / "hyperliquid_perpetual_utils.py").write_text("OTHER_DOMAINS = ['hyperliquid_perpetual_testnet']")
        (connector / "hyperliquid_perpetual_derivative.py").write_text("class HyperliquidPerpetualDerivative: pass")
    return folder
