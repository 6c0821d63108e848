"""Who may use a sandbox of this machine, and who may look into and change it beyond what the venue offers.

A browser's request with a foreign Origin, or with a Host that is not this machine's, is refused: a name that points
here is how pages of other sites reach into local servers. The venue itself answers every page. A sandbox that listens
on a loopback address answers pages of this machine, whatever their port; what is under `/sandbox` and the page itself
only its own page.
"""

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

from aiohttp import web


def why_refused(request: web.Request) -> str | None:
    """Why a caller may not use what is for this machine only; None when it may."""
    if not is_loopback(request.remote or ""):
        return "only for callers on this machine"
    if not _is_here(f"//{request.host}"):
        return "only under an address of this machine"
    origin = request.headers.get("origin")
    if origin is not None and _netloc(origin) != request.host:
        return "not for pages of other sites"
    return None


def is_foreign(request: web.Request) -> bool:
    """Whether a request to a sandbox on a loopback address comes from a page of another site, as far as that shows."""
    origin = request.headers.get("origin")
    return not _is_here(f"//{request.host}") or (origin is not None and not _is_here(origin))


@lru_cache(maxsize=256)
def _is_here(url: str) -> bool:
    """Whether the host of a URL can only be this machine."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return is_own_name(host)


def _netloc(url: str) -> str | None:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return None


def is_own_name(host: str) -> bool:
    """Whether a host name or address always means the machine that it is used on."""
    return host == "localhost" or host.endswith(".localhost") or is_loopback(host)


def is_loopback(address: str) -> bool:
    """Whether an IP address is one that only this machine reaches."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
