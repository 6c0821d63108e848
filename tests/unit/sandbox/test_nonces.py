from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.sandbox.nonces import Nonces, NonceWindow

NOW = 1_800_000_000_000
DAY = 86_400_000


def test_a_nonce_is_good_once() -> None:
    window = NonceWindow()
    assert window.use(NOW, NOW) is None
    assert window.use(NOW, NOW) == f"Invalid nonce: duplicate nonce {NOW}"


def test_nonces_may_come_out_of_order_while_they_are_among_the_newest_hundred() -> None:
    window = NonceWindow()
    for nonce in range(NOW, NOW + 200, 2):
        assert window.use(nonce, NOW) is None
    assert window.use(NOW + 101, NOW) is None  # pushes out NOW itself
    assert window.use(NOW + 1, NOW) == f"Invalid nonce: nonce too low {NOW + 1} < {NOW + 2}"


def test_nonces_outside_two_days_back_and_one_day_ahead_are_refused() -> None:
    window = NonceWindow()
    assert window.use(NOW - 2 * DAY, NOW) == f"Invalid nonce: nonce too low {NOW - 2 * DAY} < {NOW - 2 * DAY}"
    assert window.use(NOW - 2 * DAY + 1, NOW) is None
    assert window.use(NOW + DAY - 1, NOW) is None
    refused = window.use(NOW + DAY, NOW)
    assert refused is not None
    assert refused.startswith("Invalid nonce: nonce too high")


def test_signers_do_not_share_their_nonces() -> None:
    nonces = Nonces()
    assert nonces.use("0xa", NOW, NOW) is None
    assert nonces.use("0xb", NOW, NOW) is None
    assert nonces.use("0xa", NOW, NOW) is not None


@given(st.lists(st.integers(NOW - 300, NOW + 300), max_size=400))
def test_window_behaves_like_a_plain_set_of_the_hundred_highest(nonces: list[int]) -> None:
    window = NonceWindow()
    used: list[int] = []
    for nonce in nonces:
        good = nonce not in used and (len(used) < 100 or nonce > min(used))
        assert (window.use(nonce, NOW) is None) is good
        if good:
            used = sorted([*used, nonce])[-100:]
