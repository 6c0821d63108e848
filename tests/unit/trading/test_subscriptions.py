"""What the ledger makes of the server's answers to subscriptions."""

import msgspec

from hyperliquid_perpetual.trading.subscriptions import State, Subscription, SubscriptionLedger

BBO = Subscription({"type": "bbo", "coin": "BTC"}, required=False)
FAST = Subscription({"type": "l2Book", "coin": "BTC", "fast": True}, required=False)
FILLS = Subscription({"type": "userFills", "user": "0xAbCd000000000000000000000000000000000001"})


def ledger_with(*subscriptions: Subscription) -> SubscriptionLedger:
    """A ledger on an open socket, everything sent one second after the other from time 0."""
    ledger = SubscriptionLedger()
    for subscription in subscriptions:
        ledger.add(subscription)
    for now, entry in enumerate(ledger.begin(0.0)):
        ledger.mark_sent(entry, float(now))
    return ledger


def state_of(ledger: SubscriptionLedger, subscription: Subscription) -> State:
    entry = ledger.get(subscription)
    assert entry is not None
    return entry.state


def quoted(subscription: Subscription) -> str:
    return msgspec.json.encode(subscription.wire).decode()


def test_echo_with_defaults_added_acknowledges() -> None:
    ledger = ledger_with(FAST)
    ledger.acknowledge("subscribe", {"type": "l2Book", "coin": "BTC", "nSigFigs": None, "mantissa": None, "fast": True})
    assert state_of(ledger, FAST) is State.ACKNOWLEDGED


def test_echo_without_a_key_the_server_does_not_know_acknowledges() -> None:
    ledger = ledger_with(FAST)
    ledger.acknowledge("subscribe", {"type": "l2Book", "coin": "BTC", "nSigFigs": None})
    assert state_of(ledger, FAST) is State.ACKNOWLEDGED


def test_echo_with_another_value_is_about_another_subscription() -> None:
    ledger = ledger_with(FAST)
    assert ledger.acknowledge("subscribe", {"type": "l2Book", "coin": "BTC", "fast": False}) is None
    assert ledger.acknowledge("subscribe", {"type": "l2Book", "coin": "kPEPE", "fast": True}) is None
    assert state_of(ledger, FAST) is State.SENT


def test_echo_chooses_the_more_specific_of_two_that_fit() -> None:
    slow = Subscription({"type": "l2Book", "coin": "BTC"})
    ledger = ledger_with(slow, FAST)
    ledger.acknowledge("subscribe", {"type": "l2Book", "coin": "BTC", "nSigFigs": None, "fast": True})
    assert (state_of(ledger, slow), state_of(ledger, FAST)) == (State.SENT, State.ACKNOWLEDGED)


def test_user_address_in_another_case_is_the_same_user() -> None:
    ledger = ledger_with(FILLS)
    user = FILLS.wire["user"].lower()
    ledger.acknowledge("subscribe", {"type": "userFills", "user": user, "aggregateByTime": False})
    assert ledger.all_required_acknowledged


def test_already_subscribed_counts_as_acknowledged() -> None:
    ledger = ledger_with(BBO)
    entry = ledger.take_error(f"Already subscribed: {quoted(BBO)}")
    assert entry is not None
    assert entry.state is State.ACKNOWLEDGED


def test_invalid_subscription_is_refused_with_the_servers_words() -> None:
    ledger = ledger_with(BBO, FAST)
    text = f"Invalid subscription {quoted(FAST)}"
    entry = ledger.take_error(text)
    assert entry is not None
    assert (entry.subscription, entry.state, entry.reason) == (FAST, State.REFUSED, text)
    assert ledger.refused == [FAST]
    assert state_of(ledger, BBO) is State.SENT


def test_parse_error_that_quotes_the_whole_frame_refuses_what_is_inside() -> None:
    ledger = ledger_with(BBO, FAST)
    frame = f'{{"method":"subscribe","subscription":{quoted(FAST)}}}'
    ledger.take_error(f"Error parsing JSON into valid websocket request: {frame}")
    assert ledger.refused == [FAST]


def test_limit_error_without_a_quotation_refuses_the_oldest_unanswered() -> None:
    ledger = ledger_with(BBO, FILLS)
    ledger.acknowledge("subscribe", dict(BBO.wire))
    entry = ledger.take_error("Cannot track more than 10 total users.")
    assert entry is not None
    assert entry.subscription == FILLS


def test_error_about_something_else_touches_no_subscription() -> None:
    ledger = ledger_with(BBO)
    assert ledger.take_error("too many pending post requests id=1234") is None
    assert ledger.take_error("Invalid subscription {broken") is None
    assert ledger.take_error("Invalid subscription []") is None
    assert state_of(ledger, BBO) is State.SENT


def test_late_error_does_not_take_back_an_acknowledgement() -> None:
    ledger = ledger_with(BBO)
    ledger.acknowledge("subscribe", dict(BBO.wire))
    assert ledger.take_error(f"Invalid subscription {quoted(BBO)}") is None
    assert state_of(ledger, BBO) is State.ACKNOWLEDGED


def test_new_socket_asks_for_everything_again() -> None:
    ledger = ledger_with(BBO, FILLS)
    ledger.acknowledge("subscribe", dict(BBO.wire))
    ledger.take_error(f"Invalid subscription {quoted(FILLS)}")
    ledger.lost(5.0)
    assert [entry.subscription for entry in ledger.begin(6.0)] == [BBO, FILLS]
    assert not ledger.refused


def test_unsubscribing_is_confirmed_by_echo_or_by_already_unsubscribed() -> None:
    ledger = ledger_with(BBO, FAST)
    assert ledger.remove(BBO) is not None
    assert ledger.remove(FAST) is not None
    assert ledger.is_leaving(BBO)
    ledger.acknowledge("unsubscribe", dict(BBO.wire))
    ledger.take_error(f"Already unsubscribed: {quoted(FAST)}")
    assert not ledger.is_leaving(BBO)
    assert not ledger.is_leaving(FAST)
    assert len(ledger) == 0


def test_removing_what_was_never_sent_needs_no_word_to_the_server() -> None:
    ledger = SubscriptionLedger()
    ledger.add(BBO)
    assert ledger.remove(BBO) is None
    assert ledger.remove(BBO) is None


def test_adding_twice_sends_once() -> None:
    ledger = ledger_with(BBO)
    _, has_to_be_sent = ledger.add(Subscription(dict(reversed(BBO.wire.items())), required=False))
    assert not has_to_be_sent
    assert len(ledger) == 1


def test_overdue_are_those_sent_too_long_ago() -> None:
    ledger = ledger_with(BBO, FAST)  # sent at 0 and 1
    assert [entry.subscription for entry in ledger.overdue(10.5, 10.0)] == [BBO]


def drop_over(ledger: SubscriptionLedger, poison: Subscription, now: float) -> list[Subscription]:
    """One socket whose server acknowledges everything until it is asked for the poison; returns what it was asked."""
    asked = []
    for entry in ledger.begin(now):
        if entry.strikes and ledger.has_pending:
            raise AssertionError("a suspect is asked for alone")
        asked.append(entry.subscription)
        ledger.mark_sent(entry, now)
        if entry.subscription == poison:
            break
        ledger.acknowledge("subscribe", dict(entry.subscription.wire))
    ledger.lost(now + 0.1, by_peer=True)
    return asked


def test_optional_subscription_over_which_the_server_hangs_up_is_left_out_for_a_while() -> None:
    poison = Subscription({"type": "bbo", "coin": "btc"}, required=False)
    ledger = SubscriptionLedger(retry_refused_after=600)
    for subscription in (BBO, poison, FAST):
        ledger.add(subscription)
    assert drop_over(ledger, poison, 0.0) == [BBO, poison]
    assert drop_over(ledger, poison, 1.0) == [BBO, FAST, poison]
    assert drop_over(ledger, poison, 2.0) == [BBO, FAST, poison]
    assert [entry.subscription for entry in ledger.begin(3.0)] == [BBO, FAST]
    assert ledger.refused == [poison]
    ledger.lost(4.0)
    assert len(ledger.begin(700.0)) == 3


def test_other_streams_of_the_coin_share_the_blame() -> None:
    """Each on its own would cost three more sockets."""
    streams = [Subscription({"type": kind, "coin": "btc"}, required=False) for kind in ("bbo", "trades", "l2Book")]
    ledger = SubscriptionLedger()
    for subscription in (*streams, BBO, FILLS):
        ledger.add(subscription)
    assert drop_over(ledger, streams[0], 0.0) == [streams[0]]
    for now in (1.0, 2.0):
        assert drop_over(ledger, streams[0], now) == [BBO, FILLS, streams[0]]
    assert [entry.subscription for entry in ledger.begin(3.0)] == [BBO, FILLS]
    assert ledger.refused == streams


def test_required_subscription_is_always_asked_for() -> None:
    poison = Subscription({"type": "bbo", "coin": "btc"})
    ledger = SubscriptionLedger()
    ledger.add(BBO)
    ledger.add(poison)
    for now in range(10):
        assert poison in drop_over(ledger, poison, float(now))


def test_server_that_hangs_up_on_everyone_brings_nothing_under_suspicion_for_good() -> None:
    ledger = SubscriptionLedger()
    for subscription in (BBO, FAST):
        ledger.add(subscription)
    for now in range(20):
        entries = ledger.begin(float(now))
        assert len(entries) == 2
        ledger.mark_sent(entries[0], float(now))
        ledger.lost(now + 0.1, by_peer=True)


def test_loss_that_is_our_own_doing_suspects_nothing() -> None:
    ledger = ledger_with(BBO)
    ledger.lost(0.5, by_peer=False)
    assert [entry.strikes for entry in ledger] == [0]


def test_error_that_quotes_what_cannot_be_read_touches_no_subscription() -> None:
    ledger = ledger_with(BBO)
    ledger.acknowledge("subscribe", BBO.wire)
    for text in ('{"subscription":' + "[" * 5000, '{"type":"\ud800"}'):
        assert ledger.take_error(text) is None
    assert state_of(ledger, BBO) is State.ACKNOWLEDGED
