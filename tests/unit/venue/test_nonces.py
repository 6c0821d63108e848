"""Nonces never repeat, whatever the clock and the threads do (reference, section 5)."""

import threading
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.venue.nonces import NonceSource, shared_nonce_source

NOW = 1_790_000_000_000


def test_many_orders_in_one_millisecond_get_distinct_nonces() -> None:
    """D2: of 50 orders placed at once, 11 shared a nonce and were refused by the venue."""
    source = NonceSource(lambda: NOW)
    assert [source.next() for _ in range(50)] == list(range(NOW, NOW + 50))


def test_nonce_is_the_present_time_while_orders_are_further_apart_than_a_millisecond() -> None:
    clock = iter([NOW, NOW + 7, NOW + 8])
    source = NonceSource(lambda: next(clock))
    assert [source.next() for _ in range(3)] == [NOW, NOW + 7, NOW + 8]


def test_nonces_go_on_rising_when_the_clock_steps_backwards() -> None:
    """D2: a clock that was corrected gave out nonces a second time."""
    clock = iter([NOW, NOW - 60_000, NOW - 59_999, NOW + 1, NOW + 5])
    source = NonceSource(lambda: next(clock))
    assert [source.next() for _ in range(5)] == [NOW, NOW + 1, NOW + 2, NOW + 3, NOW + 5]


@given(st.lists(st.integers(0, 2**45), min_size=2))
def test_nonces_rise_strictly_under_any_clock(times: list[int]) -> None:
    clock = iter(times)
    source = NonceSource(lambda: next(clock))
    nonces = [source.next() for _ in times]
    assert all(earlier < later for earlier, later in pairwise(nonces))
    assert all(nonce >= time for nonce, time in zip(nonces, times, strict=True))


def test_threads_never_share_a_nonce() -> None:
    source = NonceSource(lambda: NOW)
    start = threading.Barrier(8)
    taken: list[list[int]] = [[] for _ in range(8)]

    def take(mine: list[int]) -> None:
        start.wait()
        mine.extend(source.next() for _ in range(2_000))

    threads = [threading.Thread(target=take, args=(mine,)) for mine in taken]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(nonce for mine in taken for nonce in mine) == list(range(NOW, NOW + 16_000))
    assert all(earlier < later for mine in taken for earlier, later in pairwise(mine))


def test_nonces_continue_above_one_that_the_venue_already_has() -> None:
    source = NonceSource(lambda: NOW)
    source.raise_to(NOW + 500)
    assert source.next() == NOW + 501
    source.raise_to(NOW)
    assert source.next() == NOW + 502, "an older nonce must not pull the source back"


def test_everyone_who_signs_with_one_key_shares_the_nonces() -> None:
    """D2: two connector instances with one key gave out the same nonces."""
    first = shared_nonce_source("testnet", "0xABCDEF0000000000000000000000000000000001", lambda: NOW)
    second = shared_nonce_source("testnet", "0xabcdef0000000000000000000000000000000001", lambda: NOW + 9)
    assert first is second
    assert {first.next(), second.next()} == {NOW, NOW + 1}


def test_another_network_or_signer_has_nonces_of_its_own() -> None:
    here = shared_nonce_source("mainnet", "0x" + "02" * 20, lambda: NOW)
    assert shared_nonce_source("testnet", "0x" + "02" * 20, lambda: NOW) is not here
    assert shared_nonce_source("mainnet", "0x" + "03" * 20, lambda: NOW) is not here
