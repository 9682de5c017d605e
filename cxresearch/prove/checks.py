"""All checks, by name, and how to run them."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console

from cxresearch.cache import write_atomic
from cxresearch.prove import bridge, nps, segments, weighting
from cxresearch.prove.claims import LONG, LONG_AND_SLOW, QUICK_PART, Claim
from cxresearch.prove.validity import page
from cxresearch.strict_yaml import StudyError, nearest
from cxresearch.study import project_root

# Each check with the number of worlds that it takes in full.
CHECKS: dict[str, tuple[Callable[[int], list[Claim]], int]] = {
    "nps-exact": (nps.exact, LONG),
    "nps-weighted": (nps.weighted, LONG),
    "nps-clustered": (nps.clustered, LONG),
    "nps-unchanged": (nps.unchanged, LONG_AND_SLOW),
    "nps-detectable": (nps.detectable, LONG),
    "segments-alike": (segments.alike, LONG_AND_SLOW),
    "segments-planted": (segments.planted, LONG_AND_SLOW),
    "bridge-parts": (bridge.parts, LONG_AND_SLOW),
    "bridge-clear": (bridge.clear, LONG_AND_SLOW),
    "weights-raked": (weighting.raked, LONG),
}


def run(name: str, *, quick: bool = False) -> list[Claim]:
    """Return the claims of one check.

    Parameters
    ----------
    name
        A key of `CHECKS`.
    quick
        Whether a tenth of the worlds will do.

    Examples
    --------
    >>> all(claim.held for claim in run("nps-exact"))
    True
    """
    check, worlds = CHECKS[name]
    return check(worlds // QUICK_PART if quick else worlds)


def prove_all(names: list[str] | None, console: Console, *, quick: bool = False, jobs: int = 2) -> int:
    """Run checks side by side, write the page where all ran in full, and return how many claims did not hold.

    Parameters
    ----------
    names
        Keys of `CHECKS`; all by default.
    console
        Where progress is told.
    quick
        Whether a tenth of the worlds will do; then nothing is written.
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
