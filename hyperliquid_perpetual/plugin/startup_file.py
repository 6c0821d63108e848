"""The `.pth` file that starts the plugin: where it is, putting it there, taking it away.

Python runs such a file from its site-packages at every start. A wheel brings it along; an editable installation does
not, and `hyperliquid-perpetual enable` then writes the same file under the same name.
"""

import os
import site
import sysconfig
import tempfile
from pathlib import Path

NAME = "hummingbot_hyperliquid_perpetual.pth"
TEMPLATE = Path(__file__).with_name(NAME)


def site_folders() -> list[Path]:
    """The folders whose `.pth` files this Python runs, in its order."""
    folders = [*site.getsitepackages()]
    if site.ENABLE_USER_SITE:
        folders.append(site.getusersitepackages())
    return [Path(folder) for folder in dict.fromkeys(folders)]


def installed_files(folders: list[Path] | None = None) -> list[Path]:
    """Every copy of the start-up file that this Python runs; none when the plugin is disabled."""
    return [folder / NAME for folder in folders or site_folders() if (folder / NAME).is_file()]


def home_folder() -> Path:
    """Where the file belongs: beside the package when that is in a site folder, else in Python's own site-packages."""
    beside_package = Path(__file__).resolve().parents[2]
    for folder in site_folders():
        if folder.resolve() == beside_package:
            return folder
    return Path(sysconfig.get_path("purelib"))


def enable(folder: Path | None = None) -> tuple[Path, bool]:
    """Write the start-up file.

    :return: where it is, and whether anything had to be written.
    :raises OSError: when the folder cannot be written to.
    """
    path = (folder or home_folder()) / NAME
    content = TEMPLATE.read_bytes()
    if path.is_file() and path.read_bytes() == content:
        return path, False
    # A new file in place of the old one, never a write into it: installers hard-link files to their caches.
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".hyperliquid-perpetual-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise
    return path, True


def disable(folders: list[Path] | None = None) -> list[Path]:
    """Remove every copy of the start-up file and return where they were.

    :raises OSError: when one of them cannot be removed.
    """
    removed = installed_files(folders)
    for path in removed:
        path.unlink()
    return removed
