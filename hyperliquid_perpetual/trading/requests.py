"""Requests to the venue: unsigned reads over HTTP, and signed actions over a socket or HTTP, with outcomes that never
claim more than is known.

Reference, sections 1 and 3. A read either answers or raises ``VenueUnavailable``. An action never raises for what the
network does: whatever is not the venue's own word about an item comes back as ``Unclear`` (design: *failed needs
proof*).
"""

import asyncio
import random
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec

from ..venue import weights
from ..venue.actions import Action
from ..venue.frames import PostResponse
from ..venue.lists import CANNOT_READ
from ..venue.networks import Network
from ..venue.nonces import NonceSource
from ..venue.replies import Outcome, Unclear, parse_action_reply
from ..venue.signing import Signer
from ..venue.states import Tolerant
from . import answers
from .budget import Priority, WeightBudget
from .log_names import logger_of
from .posts import PostLost, PostRefused, Posts
from .request_tally import RequestTally
from .venue_clock import VenueClock

T = TypeVar("T")

READ_TIMEOUT_SECONDS = 15.0
ACTION_TIMEOUT_SECONDS = 10.0
ACTION_LIFETIME_MS = 30_000
"""How long after signing the venue may still execute an action (``expiresAfter``). It bounds how long an unknown
outcome can stay unknown: once this has passed, an order the venue does not know can never appear any more."""

_RATE_LIMIT_PAUSE_SECONDS = 5.0
_ABOVE_THE_LEAST_MS = 600_000
_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}
_encode = msgspec.json.Encoder().encode
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}

logger = logger_of(__name__)


class VenueUnavailable(Exception):
    """The venue did not answer a read in a usable way; nothing may be concluded from that."""


class Unreachable(VenueUnavailable):
    """No answer came at all: a time-out, or no connection."""


class Unreadable(VenueUnavailable):
    """What came is not what the venue answers."""


class VenueRefusal(VenueUnavailable):
    """The venue answered that the read itself is wrong (an HTTP 4xx other than 429): repeating it will not help."""


class RateLimited(VenueUnavailable):
    """The venue says that this address asks too much (HTTP 429)."""


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What became of a signed action, per item, and until when, by this machine's clock, the venue could still have
    executed it."""

    outcomes: list[Outcome]
    nonce: int
    expires_after: int | None


class Requests:
    """Sends requests for one account over one network, within the budget of the address."""

    def __init__(
        self,
        network: Network,
        budget: WeightBudget,
        clock_ms: Callable[[], int],
        signer: Signer | None = None,
        nonces: NonceSource | None = None,
        vault_address: str | None = None,
        posts: Posts | None = None,
    ) -> None:
        """
        :param clock_ms: Unix milliseconds.
        :param signer: None for unsigned use; ``act`` then raises RuntimeError.
        :param vault_address: vault or sub-account that actions are executed for.
        :param posts: where actions go while a socket is open; None for HTTP alone.
        """
        self.network = network
        self.budget = budget
        self._url = network.rest_url
        self._clock_ms = clock_ms
        self._signer = signer
        self._nonces = nonces
        self._vault_address = vault_address
        self._posts = posts
        self._session: aiohttp.ClientSession | None = None
        self._keep_session = False
        self._told_malformed: set[str] = set()
        self.venue_clock = VenueClock(clock_ms)
        """How far the venue's clock is from this machine's."""
        self.tally = RequestTally()
        """What became of all of it."""
        self.items_sent = 0
        """Orders, cancels and the like that were sent in actions: what the account's allowance counts (section 9.3)."""

    @property
    def host(self) -> str:
        """The host requests go to."""
        return urlsplit(self._url).netloc

    def keep_open(self) -> None:
        """Keeps the connection warm between requests, until ``close``. Without this each request cleans up after
        itself."""
        self._keep_session = True

    async def close(self) -> None:
        """Closes the warm connection; requests keep working, one connection each."""
        self._keep_session = False
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def info(self, request: Mapping[str, Any], decode_as: type[T] | Any = Any) -> Any:
        """Asks an info request (section 2) and decodes its answer.

        :param decode_as: the type of the answer; plain JSON values when left out. A ``Tolerant`` one passes over items
            that cannot be read.
        :raises VenueRefusal: when the venue says that the request is wrong.
        :raises RateLimited: on HTTP 429; everyone sharing the budget backs off.
        :raises VenueUnavailable: on time-outs, broken connections, 5xx, and answers that do not decode.
        """
        kind, extra = request["type"], 0
        most = weights.most_extra_weight(kind)
        spending = await self.budget.acquire(weights.info_weight(kind), Priority.READ, most)
        outcome = "unavailable"
        try:
            answer = await self._ask(kind, _encode(request), decode_as)
            outcome = "answered"
            if isinstance(answer, list):
                extra = weights.extra_weight(kind, len(answer))
        except RateLimited:
            outcome = "rate_limited"
            raise
        except VenueRefusal:
            outcome = "refused"
            raise
        finally:
            self.tally.infos[kind, outcome] += 1
            self.budget.settle(spending, extra)
        return answer

    async def _ask(self, kind: str, request: bytes, decode_as: Any) -> Any:
        try:
            status, body = await self._post("/info", request, READ_TIMEOUT_SECONDS)
        except (aiohttp.ClientError, TimeoutError, OSError, ssl.SSLError) as error:
            raise Unreachable(f"no answer to {kind}: {_describe(error)}") from error
        if status == 429:
            self.budget.back_off(_RATE_LIMIT_PAUSE_SECONDS)
            raise RateLimited(f"the venue limits requests of this address (429 on {kind})")
        if status != 200:
            error_type = VenueRefusal if 400 <= status < 500 else VenueUnavailable
            raise error_type(f"HTTP {status} on {kind}: {answers.short(body)}")
        try:
            return self._decode(kind, body, decode_as)
        except CANNOT_READ as error:
            raise Unreadable(f"the answer to {kind} cannot be read: {error}") from error

    def _decode(self, kind: str, body: bytes, decode_as: Any) -> Any:
        if not isinstance(decode_as, Tolerant):
            return _decoder(decode_as).decode(body)
        items, malformed = decode_as.decode(body)
        if malformed and kind not in self._told_malformed:
            self._told_malformed.add(kind)
            logger.warning("%d items in the answer to %s could not be read and were passed over", malformed, kind)
        return items

    async def act(
        self, action: Action | Callable[[], Action], items: int, priority: Priority, *, nonce: int | None = None
    ) -> ActionResult:
        """Signs and sends an L1 action, once.

        The nonce is taken, and the action signed, in the same step of the event loop that starts the sending.

        :param action: the action, or what makes it in that step, for one that holds a time.
        :param items: how many outcomes the action has.
        :param nonce: one that was used before, for the action that is to take its place; None for a new one.
        :raises RuntimeError: when there is no key to sign with.
        """
        signer, nonces = self._signer, self._nonces
        if signer is None or nonces is None:
            raise RuntimeError("this connector has no key: it can read but not trade")
        await self.budget.acquire(weights.action_weight(items), priority)
        if callable(action):
            action = action()
        self.items_sent += items
        result = await self._send(signer, action, items, nonces.next() if nonce is None else nonce)
        if nonce is None and (least := answers.least_nonce_of(result.outcomes)) is not None:
            # The clock was set back since the signer's last actions, and the venue says that it did not carry this out.
            # Right above the least it keeps may lie others that were used: somewhere above it lies none, most likely.
            nonces.raise_to(least + random.randrange(_ABOVE_THE_LEAST_MS))  # noqa: S311 - spreads, guards nothing
            self.budget.charge(weights.action_weight(items))
            self.items_sent += items
            result = await self._send(signer, action, items, nonces.next())
        return result

    async def _send(self, signer: Signer, action: Action, items: int, nonce: int) -> ActionResult:
        ahead_ms = self.venue_clock.ahead_ms
        by_their_clock = self._clock_ms() + ACTION_LIFETIME_MS + ahead_ms
        is_mainnet = self.network.signs_as_mainnet
        body = signed_body(signer, action, nonce, is_mainnet, self._vault_address, by_their_clock)
        started = time.perf_counter()
        try:
            outcomes = await self._deliver(body, items)
        except (aiohttp.ClientError, TimeoutError, OSError, ssl.SSLError) as error:
            outcomes = [Unclear(f"no answer: {_describe(error)}")] * items
        self.tally.note_action(action["type"], outcomes, time.perf_counter() - started)
        # Clocks are set, too: it is over for certain when it would be over without what theirs is said to be ahead.
        return ActionResult(outcomes, nonce, by_their_clock - min(ahead_ms, 0))

    async def _deliver(self, body: bytes, items: int) -> list[Outcome]:
        is_second_copy = False
        answer = self._posts.post(body) if self._posts is not None else None
        if self._posts is not None and answer is not None:
            try:
                async with asyncio.timeout(ACTION_TIMEOUT_SECONDS):
                    response = await answer
            except TimeoutError:
                self._posts.doubt(ACTION_TIMEOUT_SECONDS)
                raise
            except (PostRefused, PostLost) as failed:
                # Not looked at, or lost with its socket. The same bytes can go another way: with one nonce they take
                # effect once at most.
                logger.debug("%s", failed)
                is_second_copy = isinstance(failed, PostLost)
                self.budget.charge(weights.action_weight(items))
            else:
                return self._outcomes_of_post(response, items)
        status, reply = await self._post("/exchange", body, ACTION_TIMEOUT_SECONDS)
        outcomes = self._outcomes(status, reply, items)
        return [answers.of_second_copy(outcome) for outcome in outcomes] if is_second_copy else outcomes

    def _outcomes_of_post(self, response: PostResponse, items: int) -> list[Outcome]:
        if response.kind != "error":
            return parse_action_reply(response.payload, items)
        mirrored = answers.mirrored(response.payload)
        if mirrored is None:
            return [Unclear(f"an error without a status: {answers.shortened(str(response.payload))}")] * items
        return self._outcomes(*mirrored, items)

    def _outcomes(self, status: int, body: bytes, items: int) -> list[Outcome]:
        if status == 429:
            self.budget.back_off(_RATE_LIMIT_PAUSE_SECONDS)
        return answers.outcomes(status, body, items)

    async def _post(self, path: str, body: bytes, timeout: float) -> tuple[int, bytes]:
        session = self._session
        if session is not None and (session.closed or session._loop is not asyncio.get_running_loop()):
            session = None
        owned = session is None
        if session is None:
            session = aiohttp.ClientSession(
                # The venue drops idle connections after some minutes; ours are dropped first, so that no request is
                # written into one that is already gone (section 1).
                connector=aiohttp.TCPConnector(keepalive_timeout=60, limit=32),
                headers=_HEADERS,
            )
            if self._keep_session:
                self._session, owned = session, False
        try:
            async with session.post(
                self._url + path,
                data=body,
                headers=_HEADERS,
                timeout=aiohttp.ClientTimeout(total=timeout),
                allow_redirects=False,
            ) as response:
                return response.status, await response.read()
        finally:
            if owned:
                await session.close()


def signed_body(
    signer: Signer, action: Action, nonce: int, is_mainnet: bool, vault_address: str | None, expires_after: int
) -> bytes:
    """The body of an exchange request (section 1.3), JSON."""
    signature = signer.sign_action(action, nonce, is_mainnet, vault_address, expires_after)
    return _encode(
        {
            "action": action,
            "nonce": nonce,
            "signature": signature,
            "vaultAddress": vault_address,
            "expiresAfter": expires_after,
        }
    )


def _decoder(decode_as: Any) -> msgspec.json.Decoder[Any]:
    decoder = _decoders.get(decode_as)
    if decoder is None:
        decoder = _decoders[decode_as] = msgspec.json.Decoder(decode_as)
    return decoder


def _describe(error: BaseException) -> str:
    if isinstance(error, (asyncio.TimeoutError, TimeoutError)):
        return "time-out"
    return str(error) or type(error).__name__
