"""What of this checkout a build is made of, found without git, which a machine that runs the tests may not have."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUFFIXES = frozenset(
    {".css", ".html", ".in", ".js", ".json", ".md", ".png", ".pth", ".py", ".svg", ".toml", ".txt", ".typed", ".yml"}
)


def source_files(*names: str) -> list[str]:
    """The files of these names, and those below folders of these names; no caches, nothing hidden."""
    found: list[Path] = []
    for name in names:
        path = ROOT / name
        found += [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.suffix in SUFFIXES)
    relative = (path.relative_to(ROOT) for path in found if path.is_file())
    return [str(path) for path in relative if not any(part.startswith((".", "__pycache__")) for part in path.parts)]


def copy_files(names: list[str], place: Path) -> None:
    """Copy files of this checkout to another place, in this order."""
    for name in names:
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((ROOT / name).read_bytes())
