"""All checks, by name, and how to run them."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console

from cxresearch.cache import write_atomic
from cxresearch.prove import (
    bridge,
    closed_loop,
    drivers,
    employees,
    nps,
    panel,
    questions,
    revenue,
    segments,
    topics,
    weighting,
)
from cxresearch.prove.claims import CHEAP, SLOW, Claim
from cxresearch.prove.validity import page
from cxresearch.strict_yaml import StudyError, nearest
from cxresearch.study import project_root

# Each check with the worlds that it takes in full and in the quick slice.
CHECKS: dict[str, tuple[Callable[[int], list[Claim]], tuple[int, int]]] = {
    "nps-exact": (nps.exact, CHEAP),
    "nps-weighted": (nps.weighted, CHEAP),
    "nps-clustered": (nps.clustered, CHEAP),
    "nps-unchanged-small": (nps.unchanged_small, SLOW),
    "nps-unchanged": (nps.unchanged, (2_000, 50)),
    "nps-detectable": (nps.detectable, CHEAP),
    "segments-alike-small": (segments.alike_small, SLOW),
    "segments-alike": (segments.alike, (2_000, 50)),
    "segments-planted": (segments.planted, SLOW),
    "bridge-parts": (bridge.parts, SLOW),
    "bridge-clear": (bridge.clear, SLOW),
    "topics-corrected": (topics.corrected, SLOW),
    "topics-joint": (topics.joint, SLOW),
    "topics-drift": (topics.drift, SLOW),
    "weights-raked": (weighting.raked, CHEAP),
    "revenue-nothing": (revenue.nothing_planted, SLOW),
    "revenue-planted": (revenue.planted, SLOW),
    "revenue-confounded": (revenue.confounded, SLOW),
    "revenue-lasting": (revenue.lasting, SLOW),
    "revenue-noisy": (revenue.noisy, SLOW),
    "panel-still": (panel.still, SLOW),
    "panel-nothing": (panel.nothing, SLOW),
    "panel-planted": (panel.planted, SLOW),
    "employees-still": (employees.still, (500, 20)),
    "employees-unrelated": (employees.unrelated, (500, 60)),
    "employees-planted": (employees.planted, (500, 60)),
    "drivers-own": (drivers.own_effects, (1_000, 60)),
    "drivers-noisy": (drivers.noisy_ratings, SLOW),
    "drivers-shares": (drivers.share_intervals, (500, 30)),
    "questions-dealt": (questions.dealt, (1_000, 100)),
    "questions-leak": (questions.leak, CHEAP),
    "questions-verdicts": (questions.verdicts, (500, 20)),
    "questions-shares": (questions.shares, (500, 25)),
    "questions-prices": (questions.prices, (500, 100)),
    "questions-maxdiff": (questions.best_and_worst, SLOW),
    "recovery-nothing": (closed_loop.without_action, SLOW),
    "recovery-planted": (closed_loop.with_action, (500, 20)),
    "initiatives-nothing": (closed_loop.untouched, (500, 10)),
    "initiatives-planted": (closed_loop.touched, (500, 10)),
    "initiatives-drifting": (closed_loop.drifting, (500, 10)),
    "initiatives-series": (closed_loop.series, SLOW),
}


def run(name: str, *, quick: bool = False) -> list[Claim]:
    """Return the claims of one check.

    Parameters
    ----------
    name
        A key of `CHECKS`.
    quick
        Whether the quick slice will do.

    Examples
    --------
    >>> all(claim.held for claim in run("nps-exact"))
    True
    """
    check, (in_full, in_short) = CHECKS[name]
    return check(in_short if quick else in_full)


def prove_all(names: list[str] | None, console: Console, *, quick: bool = False, jobs: int = 2) -> int:
    """Run checks side by side, write the page where all ran in full, and return how many claims did not hold.

    Parameters
    ----------
    names
        Keys of `CHECKS`; all by default.
    console
        Where progress is told.
    quick
        Whether the quick slice will do; then nothing is written.
    jobs
        Processes.

    Raises
    ------
    StudyError
        If there is no check of a name.
    """
    for name in names or ():
        if name not in CHECKS:
            raise StudyError(f"prove: there is no check {name!r}; {nearest(name, list(CHECKS))}.")
    wanted = names or list(CHECKS)
    found = {}
    for name, claims in _side_by_side(wanted, quick, jobs):
        found[name] = claims
        broken = [claim for claim in claims if not claim.held]
        console.print(f"{name}: {len(claims) - len(broken)} of {len(claims)} claims held")
        for claim in broken:
            console.print(f"  not held: {claim.what} ({claim.setting}): {claim.share:.1%}", markup=False)
    if not quick and not names:
        told = [claim for name in CHECKS for claim in found[name]]
        write_atomic(project_root() / "docs" / "validity.md", lambda path: Path(path).write_text(page(told)))
    return sum(not claim.held for claims in found.values() for claim in claims)


def _side_by_side(names: list[str], quick: bool, jobs: int) -> Iterator[tuple[str, list[Claim]]]:
    """Yield each check's name and claims as soon as they are there."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("forkserver")) as pool:
        running = {pool.submit(run, name, quick=quick): name for name in names}
        for done in as_completed(running):
            yield running[done], done.result()
