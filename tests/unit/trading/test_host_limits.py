"""The shared pace of connections and messages."""

from bisect import bisect_left

from hyperliquid_perpetual.trading.host_limits import HostLimits, limits_of
from hyperliquid_perpetual.venue.weights import MAX_WS_CONNECTS_PER_MINUTE, MAX_WS_MESSAGES_PER_MINUTE


def busiest_minute(moments: list[float]) -> int:
    return max(bisect_left(moments, start + 60) - index for index, start in enumerate(moments))


def test_reconnect_storm_stays_below_the_venues_connections_a_minute() -> None:
    limits = HostLimits()
    now, moments = 1000.0, []
    for _ in range(200):
        now += limits.reserve_connect(now)
        moments.append(now)
    assert busiest_minute(moments) < MAX_WS_CONNECTS_PER_MINUTE
    assert moments[5] == 1000.0  # the first ones need not wait


def test_long_list_of_subscriptions_stays_below_the_venues_messages_a_minute() -> None:
    limits = HostLimits()
    now, moments = 50.0, []
    for _ in range(5000):
        now += limits.reserve_message(now)
        moments.append(now)
    assert busiest_minute(moments) < MAX_WS_MESSAGES_PER_MINUTE
    assert moments[400] == 50.0


def test_pace_recovers_when_nothing_is_sent() -> None:
    limits = HostLimits()
    for _ in range(2000):
        limits.reserve_message(0.0)
    assert limits.reserve_message(0.0) > 0
    assert limits.reserve_message(10_000.0) == 0


def test_connections_to_one_host_share_their_limits() -> None:
    assert limits_of("ws://127.0.0.1:3001/ws") is limits_of("ws://127.0.0.1:3001/other")
    assert limits_of("ws://127.0.0.1:3001/ws") is not limits_of("ws://127.0.0.1:3002/ws")
