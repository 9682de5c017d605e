"""Draws what finished notebooks found while the last ones still run, in turns that no notebook wants.

What may be seen of a result is known only once all notebooks have run. A drawing is kept under the digest of what it
shows; so one that was made too early, where another notebook's results hide more, is never looked at again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from cxresearch.cache import Store
from cxresearch.present.disclosure import Judged
from cxresearch.present.payload import Payload, ProtectedPayload
from cxresearch.report.draw import FEW, draw_and_keep, key_of, undrawn
from cxresearch.report.plan import Plan
from cxresearch.report.run import Crew
from cxresearch.report.turns import IDLE

Judge = Callable[[list[Payload]], Judged]


@asynccontextmanager
async def drawing_early(plan: Plan, store: Store, crew: Crew, judge: Judge) -> AsyncIterator[asyncio.Event]:
    """Draw beside what is done here; stops at its end, whatever is left.

    Parameters
    ----------
    plan
        What is run.
    store
        Where results and drawings are kept.
    crew
        The workers.
    judge
        Says what may be seen of results.

    Yields
    ------
    asyncio.Event
        To be set whenever a notebook has ended.
    """
    ended = asyncio.Event()
    work = asyncio.create_task(_draw_after(ended, plan, store, crew, judge))
    try:
        yield ended
    finally:
        work.cancel()
        # What cannot be drawn now cannot be drawn later either, and is told then.
        await asyncio.gather(work, return_exceptions=True)


async def _draw_after(ended: asyncio.Event, plan: Plan, store: Store, crew: Crew, judge: Judge) -> None:
    """Draw all that is there, each time that a notebook has ended and no other waits for a worker."""
    while await ended.wait():
        async with crew.turns.turn(IDLE):
            ended.clear()
        kept = [found for page in plan.pages for found in store.read_json("payloads", page.key) or []]
        judged = await crew.own(judge, [Payload.from_json(found) for found in kept])
        for tier in dict.fromkeys(plan.run.tiers):
            waiting = undrawn(judged.shown_to(tier).payloads, plan.sources, store)
            if len(waiting) > FEW:
                await asyncio.gather(*(_drawn(payload, plan, store, crew) for payload in waiting))


async def _drawn(payload: ProtectedPayload, plan: Plan, store: Store, crew: Crew) -> None:
    """Draw one result in a turn that no notebook wants."""
    key = key_of(payload, plan.sources)
    async with crew.turns.turn(IDLE):
        await asyncio.wrap_future(crew.executor.submit(draw_and_keep, payload, key, store.root))
