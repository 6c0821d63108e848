"""Whether the venue answers requests, how fast, whether its blocks go on, and how far its clock is from this one's."""

import asyncio
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec

from hyperliquid_perpetual.operations.doctor.findings import Finding, Section
from hyperliquid_perpetual.operations.networks import NETWORKS, what_to_do
from hyperliquid_perpetual.trading.requests import (
    ACTION_LIFETIME_MS,
    Requests,
    Unreachable,
    Unreadable,
    VenueRefusal,
    VenueUnavailable,
)
from hyperliquid_perpetual.trading.venue_clock import TOLERATED_MS
from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE, Network
from hyperliquid_perpetual.venue.weights import IP_WEIGHT_PER_MINUTE

SAMPLES = 5
SPACING_SECONDS = 0.25
SLOW_SECONDS = 1.0
"""A median round trip above this is worth a warning: quotes are as old as that when they are taken."""

section = Section("Network")


class ExchangeStatus(msgspec.Struct, frozen=True):
    """The reply to ``exchangeStatus``: venue time in Unix milliseconds, and restrictions when there are any."""

    time: int
    specialStatuses: Any = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer: when it was asked for and was there (Unix seconds), and the venue's time in it (milliseconds)."""

    asked: float
    answered: float
    venue_ms: int
    restrictions: Any

    @property
    def ahead_ms(self) -> float:
        """How far the venue's clock was ahead of this machine's, half of the round trip allowed for."""
        return self.venue_ms - (self.asked + self.answered) / 2 * 1000


@dataclass(frozen=True, slots=True)
class Access:
    """What is known about the way to the venue."""

    findings: list[Finding]
    is_reachable: bool
    ahead_ms: float = 0.0


def check_address(network: Network) -> list[Finding]:
    """Whether the network's URL can be the one that is meant; empty when nothing is strange."""
    host = urlsplit(network.rest_url).hostname
    for name, other in NETWORKS.items():
        if network is Network.SANDBOX and other is not network and urlsplit(other.rest_url).hostname == host:
            detail = (
                f"{SANDBOX_URL_VARIABLE} is the address of {name}: orders signed for a sandbox have no effect there"
            )
            fix = f"unset {SANDBOX_URL_VARIABLE}, or choose --network {name} (in Hummingbot: {other.value})"
            return [section.problem("address", detail, fix, url=network.rest_url)]
    return []


async def look(requests: Requests, on_sample: Callable[[], None] = lambda: None) -> Access:
    """Asks a few times and measures. Costs 2 weight for each sample."""
    network = requests.network
    samples: list[Sample] = []
    try:
        for number in range(SAMPLES):
            if number:
                await asyncio.sleep(SPACING_SECONDS)
            samples.append(await _sample(requests))
            on_sample()
    except VenueUnavailable as error:
        if not samples:
            return Access([_unreachable(network, error)], is_reachable=False)
        detail = f"{len(samples)} of {SAMPLES} requests were answered, then: {error}"
        fix = "run this again; if it stays, have the network looked at"
        rest = section.warning("requests", detail, fix, answered=len(samples), asked=SAMPLES)
        return Access([rest, *_times(samples)], is_reachable=True, ahead_ms=_ahead(samples))
    return Access([_latency(network, samples), *_times(samples)], is_reachable=True, ahead_ms=_ahead(samples))


def check_weight(requests: Requests) -> Finding:
    """What this machine's bots have left of the address's request weight; call it last."""
    used, name = requests.budget.used_by_all, "request weight"
    detail = (
        f"{used} of {IP_WEIGHT_PER_MINUTE} spent in the last minute by this machine's bots and this command"
        " (other programs of the address are not seen)"
    )
    data = {"used": used, "limit": IP_WEIGHT_PER_MINUTE}
    if used > IP_WEIGHT_PER_MINUTE * 0.9:
        fix = "run fewer bots behind this address; what costs how much is in docs/limits.md"
        return section.warning(name, detail, fix, **data)
    return section.ok(name, detail, **data)


async def _sample(requests: Requests) -> Sample:
    asked = time.time()
    status: ExchangeStatus = await requests.info({"type": "exchangeStatus"}, ExchangeStatus)
    return Sample(asked, time.time(), status.time, status.specialStatuses)


def _unreachable(network: Network, error: VenueUnavailable) -> Finding:
    if isinstance(error, (VenueRefusal, Unreadable)):
        what = "does not speak Hyperliquid's API"
    else:
        what = "does not answer" if isinstance(error, Unreachable) else "cannot answer"
    data = {"url": network.rest_url, "error": str(error)}
    return section.problem("requests", f"{network.rest_url} {what}: {error}", what_to_do(network, error), **data)


def _latency(network: Network, samples: list[Sample]) -> Finding:
    # The first one opens the connection as well, which a bot does once.
    first, *others = (sample.answered - sample.asked for sample in samples)
    middle = statistics.median(others)
    detail = (
        f"{network.rest_url} answers in {_ms(middle)} (median of {len(others)}; {_ms(min(others))} to"
        f" {_ms(max(others))}), the first time in {_ms(first)}"
    )
    data = {"median_ms": round(middle * 1000, 1), "first_ms": round(first * 1000, 1), "url": network.rest_url}
    if middle > SLOW_SECONDS:
        fix = "use a machine with a better connection to the venue, whose servers are in Tokyo"
        return section.warning("requests", detail, fix, **data)
    return section.ok("requests", detail, **data)


def _times(samples: list[Sample]) -> list[Finding]:
    findings = []
    moved = samples[-1].venue_ms - samples[0].venue_ms
    passed = samples[-1].answered - samples[0].answered
    restrictions = samples[-1].restrictions
    if len(samples) > 1 and moved <= 0:
        detail = f"the venue's time has stood still for {passed:.1f} s: it makes no blocks at the moment"
        fix = "wait: the venue halts for network upgrades, and takes only post-only orders right after them"
        findings.append(section.problem("blocks", detail, fix))
    elif restrictions:
        detail = f"the venue says that it is restricted at the moment: {restrictions}"
        fix = "wait: after an upgrade only post-only orders are taken for a while"
        findings.append(section.warning("blocks", detail, fix, restrictions=restrictions))
    else:
        findings.append(section.ok("blocks", "the venue's time goes on, nothing is restricted"))
    findings.append(_clock(_ahead(samples)))
    return findings


def _ahead(samples: list[Sample]) -> float:
    # Each was on its way for a moment, which makes the venue look behind: the one that looks least behind is best.
    return max(sample.ahead_ms for sample in samples)


def _clock(ahead_ms: float) -> Finding:
    name, data = "clock", {"venue_ahead_ms": round(ahead_ms)}
    way = "behind" if ahead_ms > 0 else "ahead of"
    if abs(ahead_ms) <= TOLERATED_MS:
        return section.ok(name, f"within a second of the venue's ({abs(ahead_ms):.0f} ms {way} it)", **data)
    detail = f"this machine's clock is {abs(ahead_ms) / 1000:.1f} s {way} the venue's"
    fix = "have the clock synchronised (systemd-timesyncd, chrony or another NTP client)"
    if abs(ahead_ms) >= ACTION_LIFETIME_MS:
        detail += f"; actions live {ACTION_LIFETIME_MS // 1000} s, so the first ones of a bot would arrive expired"
        return section.problem(name, detail, fix, **data)
    return section.warning(name, f"{detail}; orders are dated by the venue's time", fix, **data)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
