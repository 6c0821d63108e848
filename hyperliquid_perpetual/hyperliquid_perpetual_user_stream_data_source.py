"""Account events into Hummingbot's user stream tracker: one live connection whose messages arrive typed."""

import asyncio
from collections.abc import Callable, Collection
from typing import Any

from hummingbot.core.data_type.user_stream_tracker_data_source import UserStreamTrackerDataSource
from hummingbot.core.utils.async_utils import safe_ensure_future

from .trading.connection import Connection, Subscription
from .trading.log_names import logger_of
from .trading.posts import Posts
from .trading.tasks import Tasks
from .venue.frames import Message
from .venue.networks import Network

REQUIRED_CHANNELS = ("orderUpdates", "userFills")
"""Without these nothing is known about orders."""

OPTIONAL_CHANNELS = ("userEvents", "userFundings", "allDexsClearinghouseState", "spotState")
"""Each has a request behind it that is asked now and then, should the venue refuse it."""

TWAP_CHANNELS = ("userTwapHistory", "userTwapSliceFills")
"""Each begins with up to 2000 old rows on every new connection: only for bots that use TWAPs."""

USER_EVENTS_NAMES = ("userEvents", "user")
"""What the stream of liquidations and of cancels that nobody asked for may be called."""


class HyperliquidPerpetualUserStreamDataSource(UserStreamTrackerDataSource):
    """Subscribes to everything the venue pushes about one account."""

    _logger = logger_of(f"{__name__}.{__qualname__}")

    def __init__(
        self,
        network: Network,
        user: str,
        on_ready: Callable[[], None],
        on_lost: Callable[[], None],
        posts: Posts | None = None,
        on_message: Callable[[Message], None] | None = None,
    ) -> None:
        """
        :param user: the account's address, never an agent's.
        :param on_ready: called whenever all subscriptions of a new connection are acknowledged.
        :param on_lost: called when such a connection is lost.
        :param posts: actions that go over this connection; None for none.
        :param on_message: takes each message of the account as it arrives; None has them put on Hummingbot's queue.
        """
        super().__init__()
        self._network = network
        self._user = user
        self._on_ready = on_ready
        self._on_lost = on_lost
        self._posts = posts
        self._on_message = on_message
        self._connection: Connection | None = None
        self._with_twaps = False
        self._settings: dict[str, Subscription] = {}
        self._changes = Tasks()

    def follow_settings(self, coins: Collection[str]) -> None:
        """Has the venue tell the account's leverage setting of these coins, which it must know, and of no others."""
        if self._settings.keys() == set(coins):
            return
        left = [subscription for coin, subscription in self._settings.items() if coin not in coins]
        self._settings = {
            coin: self._settings.get(coin)
            or Subscription({"type": "activeAssetData", "user": self._user, "coin": coin}, required=False)
            for coin in coins
        }
        if self._connection is not None:
            # Known ones are not sent again.
            self._changes.start(self._connection.subscribe(*self._settings.values(), timeout=0))
            if left:
                self._changes.start(self._connection.unsubscribe(*left, timeout=0))

    @property
    def is_live(self) -> bool:
        """Whether the stream is connected, acknowledged and heard from."""
        return self._connection is not None and self._connection.is_live

    @property
    def reconnects(self) -> int:
        """How often the connection was replaced."""
        return self._connection.reconnects if self._connection is not None else 0

    @property
    def last_recv_time(self) -> float:
        """Unix seconds of the last frame; 0 while the stream is not live, so that polling becomes frequent."""
        return self._connection.last_received if self._connection is not None and self._connection.is_live else 0

    def replace_socket(self, reason: str) -> None:
        """Drops the present connection and opens another, as if the network had lost it."""
        if self._connection is not None:
            self._connection.replace_socket(reason)

    async def listen_for_user_stream(self, output: "asyncio.Queue[Any]") -> None:
        """Streams the account until cancelled; its typed messages go on ``output`` when nobody else takes them."""
        connection = self._connection = Connection(
            self._network.ws_url,
            "account stream",
            on_message=self._on_message or output.put_nowait,
            on_ready=self._on_ready,
            on_lost=self._on_lost,
            logger=self.logger(),
            posts=self._posts,
        )
        # Remembered now, sent once connected: waiting for the acknowledgement here would keep the reader from starting.
        run = asyncio.ensure_future(connection.run())
        try:
            await connection.subscribe(
                *(Subscription({"type": kind, "user": self._user}) for kind in REQUIRED_CHANNELS),
                *self._optional(*OPTIONAL_CHANNELS, *(TWAP_CHANNELS if self._with_twaps else ())),
                *self._settings.values(),
            )
            await self._hear_user_events(connection)
            await run
        finally:
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)
            self._connection = None

    def follow_twaps(self) -> None:
        """Has the streams of TWAPs sent as well, from now on."""
        if not self._with_twaps:
            self._with_twaps = True
            if self._connection is not None:
                safe_ensure_future(self._connection.subscribe(*self._optional(*TWAP_CHANNELS)))

    def _optional(self, *kinds: str) -> list[Subscription]:
        return [Subscription({"type": kind, "user": self._user}, required=False) for kind in kinds]

    async def _hear_user_events(self, connection: Connection) -> None:
        # Some pages of the venue call this subscription by the name of its channel (reference, section 8.3).
        usual, other = (Subscription({"type": kind, "user": self._user}, required=False) for kind in USER_EVENTS_NAMES)
        while not connection.is_acknowledged(usual):
            if usual in connection.refused:
                await connection.subscribe(other)
                return
            await connection.subscribe(usual)

    async def stop(self) -> None:
        """Nothing is left to stop: the connection ends with the task that listens."""
