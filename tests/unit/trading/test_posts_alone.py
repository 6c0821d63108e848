"""What is under way over a socket, without a socket: what makes room, what is told to whom, when there is a pause."""

import json
from types import SimpleNamespace

import pytest

from hyperliquid_perpetual.trading import posts as posts_module
from hyperliquid_perpetual.trading.posts import MAX_IN_FLIGHT, PAUSE_SECONDS, PostLost, PostRefused, Posts
from hyperliquid_perpetual.venue.frames import PostResponse


class Socket:
    """What is written, and what else is asked of it."""

    def __init__(self, posts: Posts) -> None:
        self.frames: list[bytes] = []
        self.replaced: list[str] = []
        self.silence = 0.0
        self.is_writable = True
        posts.open(self.write, self.replaced.append, lambda: self.silence)

    def write(self, frame: bytes) -> bool:
        if self.is_writable:
            self.frames.append(frame)
        return self.is_writable


def room(posts: Posts) -> int:
    """How many more can be under way; they are, after this."""
    count = 0
    while posts.post(b"{}") is not None:
        count += 1
    return count


async def test_frame_has_a_number_of_its_own_and_the_action_as_it_was_handed_in() -> None:
    posts = Posts()
    socket = Socket(posts)
    for action in (b'{"action":{"type":"noop"},"nonce":1}', b"{}"):
        assert posts.post(action) is not None
    assert [json.loads(frame) for frame in socket.frames] == [
        {
            "method": "post",
            "id": number,
            "request": {"type": "action", "payload": payload},
        }
        for number, payload in ((1, {"action": {"type": "noop"}, "nonce": 1}), (2, {}))
    ]
    assert posts.sent == 2


async def test_answer_goes_to_who_asked_and_makes_room_for_another() -> None:
    posts = Posts()
    Socket(posts)
    first, second = posts.post(b"{}"), posts.post(b"{}")
    assert first is not None
    assert second is not None
    assert room(posts) == MAX_IN_FLIGHT - 2
    response = PostResponse(2, "action", {"status": "ok"})
    posts.take(response)
    assert (await second) is response
    assert not first.done()
    assert room(posts) == 1
    assert posts.sent == MAX_IN_FLIGHT + 1


async def test_request_that_the_venue_would_not_look_at_is_not_under_way() -> None:
    posts = Posts()
    Socket(posts)
    answer = posts.post(b"{}")
    assert answer is not None
    room(posts)
    text = "too many pending post requests id=1"
    assert posts.take_error(text)
    with pytest.raises(PostRefused, match=f"^{text}$"):
        await answer
    assert room(posts) == 1


async def test_refusal_of_a_request_that_nobody_waits_for_is_not_dealt_with() -> None:
    posts = Posts()
    Socket(posts)
    answer = posts.post(b"{}")
    assert answer is not None
    answer.cancel()
    assert not posts.take_error("too many pending post requests id=1")
    assert room(posts) == MAX_IN_FLIGHT


async def test_what_could_not_be_written_takes_no_room() -> None:
    posts = Posts()
    socket = Socket(posts)
    socket.is_writable = False
    for _ in range(MAX_IN_FLIGHT + 1):
        assert posts.post(b"{}") is None
    assert posts.sent == 0
    socket.is_writable = True
    assert room(posts) == MAX_IN_FLIGHT


async def test_lost_socket_is_written_to_no_more_and_takes_what_was_under_way_with_it() -> None:
    posts = Posts()
    old = Socket(posts)
    answer, given_up, other = posts.post(b"{}"), posts.post(b"{}"), posts.post(b"{}")
    assert answer is not None
    assert given_up is not None
    assert other is not None
    given_up.cancel()
    posts.lose("reset by peer")
    for lost in (answer, other):
        with pytest.raises(PostLost, match=r"^reset by peer$"):
            await lost
    assert posts.post(b"{}") is None
    assert len(old.frames) == 3
    new = Socket(posts)
    later = posts.post(b"{}")
    assert later is not None
    posts.take(PostResponse(1, "action", {}))
    assert not later.done(), "what the old socket still says is about none of this one's"
    assert room(posts) == MAX_IN_FLIGHT - 1
    assert (len(old.frames), len(new.frames)) == (3, MAX_IN_FLIGHT)
    assert posts.sent == MAX_IN_FLIGHT + 3


async def test_slow_venue_is_not_asked_over_the_socket_for_half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=1_000.0)
    monkeypatch.setattr(posts_module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    posts = Posts()
    Socket(posts)
    posts.doubt(10.0)
    for passed, is_way in ((0.0, False), (PAUSE_SECONDS - 0.001, False), (PAUSE_SECONDS, True)):
        clock.now = 1_000.0 + passed
        assert (posts.post(b"{}") is not None) is is_way


async def test_new_socket_is_a_way_at_once_whatever_the_old_one_was_doubted_for() -> None:
    posts = Posts()
    Socket(posts)
    posts.doubt(10.0)
    assert posts.post(b"{}") is None
    posts.lose("replaced")
    Socket(posts)
    assert posts.post(b"{}") is not None


@pytest.mark.parametrize(("silence", "is_replaced"), [(9.999, False), (10.0, True)])
async def test_socket_that_was_silent_for_as_long_as_an_answer_was_missing_is_replaced(
    silence: float, is_replaced: bool
) -> None:
    posts = Posts()
    socket = Socket(posts)
    socket.silence = silence
    posts.doubt(10.0)
    reason = "an action had no answer, and nothing else was heard, for 10 s"
    assert socket.replaced == ([reason] if is_replaced else [])
