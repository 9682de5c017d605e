"""Turns at the workers: as many as there are workers, the most urgent page next, whichever run it is of."""

import asyncio
import heapq
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import count

from cxresearch.cache import Store
from cxresearch.report.plan import SUMMARY, Page, Plan

SECONDS = "seconds"
# Of notebooks that nobody has timed here yet, these take longest; they are begun first, the longest in front.
LONGEST = ("05-topics", "04-revenue", "03-drivers")
FIRST, UNKNOWN, IDLE = float("inf"), 1e6, -1.0


class Turns:
    """A number of places, given to whoever waits and is most urgent.

    Parameters
    ----------
    places
        How many may work at a time.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._order = count()
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def turn(self, urgency: float) -> AsyncIterator[None]:
        """Hold a place; of those that wait the most urgent comes next, of equals the one that waits longest."""
        loop = asyncio.get_running_loop()
        place = loop.create_future()
        heapq.heappush(self._waiting, (-urgency, next(self._order), place))
        # Later, so that all that begin together have asked before any is served.
        loop.call_soon(self._serve)
        try:
            await place
            yield
        finally:
            if not place.cancelled():
                self._free += 1
                self._serve()

    def _serve(self) -> None:
        """Give free places away."""
        while self._free and self._waiting:
            *_, place = heapq.heappop(self._waiting)
            if not place.done():
                self._free -= 1
                place.set_result(None)


def urgencies(plan: Plan, store: Store) -> dict[str, float]:
    """Return how urgent each page is: the seconds that it took last, the summary before all, for it ends a run.

    Parameters
    ----------
    plan
        What to run.
    store
        Where the seconds of earlier runs are kept.
    """
    took = store.read_json("", SECONDS) or {}
    return {page.name: FIRST if page.name == SUMMARY else _seconds(page, took) for page in plan.pages}


def keep_seconds(store: Store, took: Mapping[str, float]) -> None:
    """Keep how long notebooks took, for the order of the next run."""
    store.write_json("", SECONDS, {**(store.read_json("", SECONDS) or {}), **took})


def _seconds(page: Page, took: Mapping[str, float]) -> float:
    """Return how long a page may take; what nobody has timed yet goes first, for it may be long."""
    rank = LONGEST.index(page.name) if page.name in LONGEST else len(LONGEST)
    return took.get(page.name, UNKNOWN - rank)
