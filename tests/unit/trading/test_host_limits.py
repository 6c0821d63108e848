"""The shared pace of connections and messages."""

import gc
import threading
from bisect import bisect_left

import pytest

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


def test_sockets_are_counted_until_they_are_given_back() -> None:
    limits = HostLimits(max_sockets=2)
    first, second = limits.open_socket(), limits.open_socket()
    assert first is not None
    assert second is not None
    assert limits.open_socket() is None
    first.close()
    assert limits.open_socket() is not None


def test_what_a_dead_event_loop_left_behind_does_not_count_for_ever() -> None:
    limits = HostLimits(max_sockets=1)
    forgotten = limits.open_socket()
    assert forgotten is not None
    del forgotten
    gc.collect()
    assert limits.open_socket() is not None


def test_subscriptions_are_counted_over_all_sockets() -> None:
    limits = HostLimits(max_subscriptions=3)
    one, other = limits.open_socket(), limits.open_socket()
    assert one is not None
    assert other is not None
    assert [one.subscribe("a", ""), one.subscribe("b", ""), other.subscribe("a", "")] == ["", "", ""]
    assert one.subscribe("a", "") == ""  # has it already
    assert other.subscribe("c", "") == "the venue allows an address no more than 3 subscriptions"
    one.unsubscribe("b")
    assert other.subscribe("c", "") == ""
    assert one.subscribe("b", "") != ""
    other.clear()
    assert one.subscribe("b", "") == ""


def test_accounts_are_counted_once_however_many_streams_they_have() -> None:
    limits = HostLimits(max_users=2)
    one, other = limits.open_socket(), limits.open_socket()
    assert one is not None
    assert other is not None
    assert [one.subscribe(kind, "0xA") for kind in ("fills", "orders")] == ["", ""]
    assert other.subscribe("fills of a", "0xa") == ""
    assert other.subscribe("fills of b", "0xb") == ""
    assert one.subscribe("fills of c", "0xc") == "the venue allows an address to follow no more than 2 accounts"
    assert one.subscribe("book", "") == ""
    other.close()
    assert one.subscribe("fills of c", "0xc") == ""


def test_threads_never_take_more_than_there_is() -> None:
    limits = HostLimits(max_sockets=50, connects_per_minute=20)
    taken, waits = [], []

    def take() -> None:
        for _ in range(20):
            taken.append(limits.open_socket())
            waits.append(limits.reserve_connect(0.0))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sum(share is not None for share in taken) == 50
    assert sorted(waits) == [60.0 * (number // 20) for number in range(160)]


def test_message_that_can_go_another_way_takes_no_slot_when_none_is_free() -> None:
    """Else the messages that have to wait, subscriptions and pings, would wait ever longer."""
    limits = HostLimits(messages_per_second=10.0, message_burst=5)
    assert [limits.try_message(100.0) for _ in range(9)] == [True] * 6 + [False] * 3
    assert limits.reserve_message(100.0) == pytest.approx(0.2)
    assert not limits.try_message(100.15)
    assert limits.try_message(100.25)
