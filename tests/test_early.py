"""Results are drawn while the last notebooks run, in turns that no notebook wants, and never in their way."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from test_plots import frame_for

from cxresearch.cache import Store
from cxresearch.present.disclosure import Policy, judge
from cxresearch.present.payload import Grid, Payload
from cxresearch.report.draw import FEW, KIND, undrawn
from cxresearch.report.early import drawing_early
from cxresearch.report.run import Crew
from cxresearch.report.turns import Turns

PAGES = [SimpleNamespace(key="first"), SimpleNamespace(key="second"), SimpleNamespace(key="still running")]
PLAN = SimpleNamespace(pages=PAGES, run=SimpleNamespace(tiers=["team", "public"]), sources="the package")
WITHIN_S = 30


def results(page: str, count: int) -> list[dict]:
    """Return what a page found, as the cache holds it."""
    fields = {"kind": "table", "grid": Grid.of(frame_for("table")), "caption": "A table"}
    made = [Payload(key=f"{page}-{n}", provenance={"notebook": f"01-{page}"}, **fields) for n in range(count)]
    return [payload.to_json() for payload in made]


def judged(payloads: list[Payload]):
    return judge(payloads, Policy())


async def at_once(call, *arguments):
    return call(*arguments)


class Counting(ThreadPoolExecutor):
    """One worker that counts what it is handed."""

    def __init__(self) -> None:
        super().__init__(1)
        self.calls = 0

    def submit(self, *call, **named):
        self.calls += 1
        return super().submit(*call, **named)


@pytest.fixture
def store(tmp_path) -> Store:
    found = Store(tmp_path)
    found.write_json("payloads", "first", results("first", FEW))
    return found


def drawn(store: Store) -> int:
    return len(list(store.folder(KIND).glob("*.json")))


async def until(count: int, store: Store) -> None:
    """Wait until so many drawings are kept."""
    async with asyncio.timeout(WITHIN_S):
        while drawn(store) < count:
            await asyncio.sleep(0.02)


def test_what_is_there_is_drawn_once_no_notebook_waits_and_again_when_more_is(store):
    async def run(executor: Counting) -> None:
        crew = Crew(executor, Turns(1), at_once)
        async with drawing_early(PLAN, store, crew, judged) as ended:
            # So few are drawn at the end, in less time than a worker needs to load what draws them.
            ended.set()
            await asyncio.sleep(0.3)
            assert executor.calls == 0
            store.write_json("payloads", "second", results("second", 2))
            async with crew.turns.turn(1.0):
                ended.set()
                await asyncio.sleep(0.3)
                assert executor.calls == 0
            # A drawing a tier: what the public sees of a row differs.
            await until(2 * (FEW + 2), store)

    with Counting() as executor:
        asyncio.run(run(executor))
    payloads = [Payload.from_json(found) for page in ("first", "second") for found in store.read_json("payloads", page)]
    for tier in PLAN.run.tiers:
        assert undrawn(judged(payloads).shown_to(tier).payloads, PLAN.sources, store) == []


def test_what_cannot_be_judged_yet_stops_nothing(store):
    def failing(payloads: list[Payload]):
        raise ValueError("these results alone cannot be judged")

    async def run(executor: ThreadPoolExecutor) -> str:
        async with drawing_early(PLAN, store, Crew(executor, Turns(1), at_once), failing) as ended:
            ended.set()
            await asyncio.sleep(0.1)
        return "went on"

    with ThreadPoolExecutor(1) as executor:
        assert asyncio.run(run(executor)) == "went on"
    assert drawn(store) == 0
