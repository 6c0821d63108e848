"""Build the wheel and the source distribution into dist/, of the committed files alone, and print their digests.

The same commit gives the same bytes on every machine whose Python compresses alike: `setup.py` fixes dates, modes,
owners and order, and the backend is the one of requirements/build.txt, which `make env` has installed.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = """
import sys
from setuptools import build_meta
print(getattr(build_meta, sys.argv[1])(sys.argv[2]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "dist", metavar="FOLDER", help="where they go (dist/)")
    output = parser.parse_args().output.absolute()
    changed = _git("status", "--porcelain", "--untracked-files=no").decode().strip()
    if changed:
        print("Not committed, and left out of what is built:", *changed.splitlines(), sep="\n  ", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="hyperliquid-perpetual-dist-") as checkout:
        with tarfile.open(fileobj=BytesIO(_git("archive", "HEAD"))) as committed:
            committed.extractall(checkout, filter="data")
        for path in build(Path(checkout), output):
            print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path}")


def build(checkout: Path, output: Path) -> list[Path]:
    """Build both in a checkout with the backend of the running Python.

    :raises SystemExit: when the backend fails; its last lines say why.
    """
    output.mkdir(parents=True, exist_ok=True)
    made = []
    for hook in ("build_wheel", "build_sdist"):  # a process each, as the standard of these hooks has it
        command = [sys.executable, "-c", BUILD, hook, str(output)]
        built = subprocess.run(command, cwd=checkout, capture_output=True, text=True)
        if built.returncode != 0:
            sys.exit("\n".join([f"make dist: {hook} failed:", *built.stderr.splitlines()[-20:]]))
        made.append(output / built.stdout.splitlines()[-1])
    return made


def _git(*arguments: str) -> bytes:
    git = shutil.which("git")
    if git is None:
        sys.exit("make dist: git is missing")
    answer = subprocess.run([git, *arguments], cwd=ROOT, capture_output=True)
    if answer.returncode != 0:
        sys.exit(f"make dist: this is no git checkout: {answer.stderr.decode().strip()}")
    return answer.stdout


if __name__ == "__main__":
    main()
