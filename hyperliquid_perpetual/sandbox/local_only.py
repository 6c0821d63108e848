"""Who may look into and change a sandbox beyond what the venue offers: callers on this machine, and no foreign page.

A browser's request with a foreign Origin, or with a Host that is not this machine's, is refused: a name that points
here is how pages of other sites reach into local servers.
"""

import ipaddress
from urllib.parse import urlsplit

from aiohttp import web


def why_refused(request: web.Request) -> str | None:
    """Why a caller may not use what is for this machine only; None when it may."""
    if not is_loopback(request.remote or ""):
        return "only for callers on this machine"
    host = urlsplit(f"//{request.host}").hostname or ""
    if host != "localhost" and not is_loopback(host):
        return "only under an address of this machine"
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        return "not for pages of other sites"
    return None


def is_loopback(address: str) -> bool:
    """Whether an IP address is one that only this machine reaches."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
