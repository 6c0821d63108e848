"""``/sandbox/faults``: faults asked for, listed and taken away from another process on this machine."""

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from hyperliquid_perpetual.sandbox.account_view import Json
from hyperliquid_perpetual.sandbox.faults import FaultPlan, Faults, InvalidFault
from hyperliquid_perpetual.sandbox.faults.kinds import KINDS

Handler = Callable[[web.Request], Awaitable[Json]]
Guard = Callable[[Handler], Callable[[web.Request], Awaitable[web.Response]]]


class FaultControl:
    """The routes about the faults of one sandbox."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def add_routes(self, app: web.Application, path: str, guard: Guard) -> None:
        """Everything under a path; `guard` keeps strangers out and words errors."""
        app.router.add_get(path, guard(self._list))
        app.router.add_post(path, guard(self._add))
        app.router.add_delete(path, guard(self._clear))
        app.router.add_delete(f"{path}/{{number}}", guard(self._remove))

    async def _list(self, request: web.Request) -> Json:
        return self._state()

    async def _add(self, request: web.Request) -> Json:
        """One fault, as a line or an object, a list of them, or a plan."""
        try:
            data = msgspec.json.decode(await request.read())
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InvalidFault(f"faults are asked for in JSON: {error}") from None
        numbers = self._faults.follow(FaultPlan.from_data(data))
        return {"added": numbers, **self._state()}

    async def _clear(self, request: web.Request) -> Json:
        self._faults.clear()
        return self._state()

    async def _remove(self, request: web.Request) -> Json:
        number = request.match_info["number"]
        if not (number.isdecimal() and self._faults.remove(int(number))):
            there = ", ".join(str(armed.number) for armed in self._faults.armed) or "none"
            raise InvalidFault(f"there is no fault {number[:20]}, there are: {there}")
        return self._state()

    def _state(self) -> Json:
        faults = self._faults
        return {
            "faults": [armed.as_json() for armed in faults.armed],
            "random": None if faults.random is None else faults.random.as_json(),
            "counts": dict(faults.counts),
            "kinds": [kind.as_json() for kind in KINDS.values()],
        }
