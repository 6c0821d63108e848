"""The measurements, one function each: they say what they found as plain figures by client."""

import statistics
import time
from contextlib import contextmanager

from processes import Exchange, Process, Trader, pairs_of

CLIENTS = ("ours", "built-in")
STARTS_WITHIN = 150.0
"""The built-in connector waits a second for each pair."""
AFTER_START = 10.0
OLD_FILLS = 2_000
OLD_SECONDS = 120
"""More than a client asks for once more, to be sure: what is new does not count as old."""
ORDERS = 50
MANY_ORDERS = 200
PAIRS = 50
LAG_BOUND = 0.05
LONGEST_TICK = 7.0


def quantile(values, share):
    """Of unordered values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Busy:
    """Fifty books stream: one client after the other starts, is left alone, and trades; round after round."""

    def __init__(self, rounds, placements, minutes):
        """:param minutes: by client, how many seconds the weight of a minute is counted for."""
        self._rounds, self._placements, self._minutes = rounds, placements, minutes
        self.figures = {who: {} for who in CLIENTS}
        self.floor = []
        """Seconds to place an order, without a connector."""

    def run(self, say):
        """All of it."""
        for number in range(self._rounds):
            for who in CLIENTS:
                say(f"{PAIRS} books, round {number + 1}: {who}")
                is_first = number == 0
                with Exchange("calm", PAIRS + 10, behind=OLD_SECONDS if is_first else 0) as exchange:
                    self._one(who, exchange, is_first=is_first)
            say(f"{PAIRS} books, round {number + 1}: no connector")
            with Exchange("calm", PAIRS + 10) as exchange:
                self._bare(exchange)

    def _one(self, who, exchange, *, is_first):
        found = self.figures[who]
        # The pairs of all dexs come last; the built-in connector has those of the first.
        firsts = [coin for coin in exchange.coins if ":" not in coin]
        coins = [coin for coin in (exchange.coins if who == "ours" else firsts[:PAIRS]) if coin != "BTC"]
        coins = ["BTC", *coins[1 - PAIRS :]]
        found["pairs"], found["dexs"] = len(coins), len({coin.rpartition(":")[0] for coin in coins})
        exchange.ask("enrich")
        if is_first:
            exchange.ask("trade", count=OLD_FILLS)
        spent = exchange.ask("weight")["weight"]
        with Trader(who, exchange, pairs_of(coins)) as trader:
            ready = trader.ask("start", STARTS_WITHIN + 30, seconds=STARTS_WITHIN)["ready"]
            if ready is None:
                raise RuntimeError(f"{who} was not ready within {STARTS_WITHIN:g} s")
            found.setdefault("ready", []).append(ready)
            if is_first:
                time.sleep(AFTER_START)
                found["weight at start"] = exchange.ask("weight")["weight"] - spent
            found["heard"] = exchange.ask("heard")["sockets"]
            self._trade(trader, found)
            if is_first:
                self._under_load(trader, exchange, found, self._minutes[who])
            found["untold"] = found.get("untold", 0) + trader.ask("untold")["untold"]
            trader.ask("stop", 60)

    def _bare(self, exchange):
        """The floor: orders through a socket while the streams of our connector are sent, and no more."""
        exchange.ask("enrich")
        with Process("bare.py", environment={"EXCHANGE": exchange.url}) as bare:
            bare.ask("start", sockets=self.figures["ours"]["heard"])
            self.floor += bare.ask("round_trips", 300, count=self._placements)["placed"]
            bare.ask("stop")

    def _trade(self, trader, found):
        trips = trader.ask("round_trips", 300, count=self._placements)
        found.setdefault("placed", []).extend(trips["placed"])
        found.setdefault("cancelled", []).extend(trips["cancelled"])
        found.setdefault("replaced", []).extend(
            trader.ask("replacements", 200, count=self._placements // 3)["replaced"]
        )

    def _under_load(self, trader, exchange, found, seconds):
        before = exchange.ask("weight")["actions"]
        refreshes = max(5, self._placements // 20)
        found["refreshed"] = trader.ask("grids", 200, count=refreshes, size=20)["refreshed"]
        found["actions of a refresh"] = (exchange.ask("weight")["actions"] - before - 2) / refreshes
        trader.ask("rest", 120, count=MANY_ORDERS)
        found["watched"] = trader.ask("watch", seconds=8)
        trader.ask("keep", 60, count=ORDERS)
        before = exchange.ask("weight")["weight"]
        began = time.monotonic()
        time.sleep(seconds)
        found["weight a minute"] = (exchange.ask("weight")["weight"] - before) * 60 / (time.monotonic() - began)


@contextmanager
def at_work(who, market, markets, pairs):
    """An exchange, and a client that trades so many pairs on it and is ready, with the seconds that this took."""
    with Exchange(market, markets) as exchange, Trader(who, exchange, pairs_of(exchange.coins[:pairs])) as trader:
        ready = trader.ask("start", 100, seconds=90)["ready"]
        if ready is None:
            raise RuntimeError(f"{who} was not ready within 90 s")
        yield exchange, trader, ready
        trader.ask("stop")


def ticks(count, say):
    """Seconds from a new best bid to the order that it sets off, both at the exchange."""
    found = {}
    for who in CLIENTS:
        say(f"tick to order: {who}")
        with at_work(who, "still", 2, 1) as (exchange, trader, _):
            times = []
            # The built-in connector has a new book every five seconds.
            for _ in range(count if who == "ours" else max(3, count // 8)):
                trader.ask("follow", seconds=LONGEST_TICK)
                times.append(exchange.ask("tick", seconds=LONGEST_TICK)["seconds"])
                trader.ask("followed")
            found[who] = [each for each in times if each is not None]
    return found


def fill_rates(rates, seconds, say):
    """Fills a second, for each rate that was asked for: how many the client was told, and its lag."""
    found = {}
    for who in CLIENTS:
        with at_work(who, "still", 2, 1) as (exchange, trader, _):
            exchange.ask("enrich")
            trader.ask("rest_one", amount="100")
            for rate in rates:
                say(f"{rate} fills a second: {who}")
                trader.begin("watch", seconds=seconds + 0.5)
                made = exchange.ask("fills", rate=rate, seconds=seconds, size="0.001")
                watched = trader.read()
                per_second = made["fills"] / made["seconds"]
                lag = quantile(watched["lags"], 0.99)
                found.setdefault(who, []).append((per_second, watched["fills"] / max(1, made["fills"]), lag))
                if lag > LAG_BOUND:
                    break
    return found


def sustained(measured):
    """The highest rate of fills that were all told while the lag stayed below its bound."""
    return max((rate for rate, share, lag in measured if share >= 0.99 and lag <= LAG_BOUND), default=0.0)


def growth_with_pairs(counts, say):
    """What more pairs cost ours: by count, seconds until ready and what was watched."""
    found = {}
    for count in counts:
        say(f"{count} pairs")
        with at_work("ours", "calm", count, count) as (_, trader, ready):
            time.sleep(2)
            found[count] = {"ready": ready, **trader.ask("watch", seconds=5)}
    return found


def growth_with_orders(counts, say):
    """What more open orders cost ours: by count, the median seconds to place one more, and memory."""
    found = {}
    with at_work("ours", "still", 2, 1) as (exchange, trader, _):
        exchange.ask("enrich")
        have = 0
        for count in counts:
            say(f"{count} open orders")
            have = trader.ask("rest", 300, count=count - have)["open"]
            trips = trader.ask("round_trips", count=60)
            watched = trader.ask("watch", seconds=3)
            found[count] = {
                "placed": statistics.median(trips["placed"]),
                "cancelled": statistics.median(trips["cancelled"]),
                "megabytes": watched["megabytes"],
                "lag": quantile(watched["lags"], 0.99),
            }
    return found
