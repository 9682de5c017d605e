"""Draws protected results, several at a time, and keeps each drawing under the digest of what it shows."""

import base64
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import matplotlib as mpl

from cxresearch.cache import Store, digest
from cxresearch.present import html, plots
from cxresearch.present.payload import ProtectedPayload
from cxresearch.refusal import NOT_REPORTED
from cxresearch.report.failure import ReportError

KIND = "drawn"
# So many are drawn here in less time than other processes need to load what draws them.
FEW = 6
# Kept for other notebooks and for results.json, not for the eye.
UNDRAWN = "record"
# What a refusal is made of, and what stands where it would be repeated.
REFUSED, AGAIN = ("sentence",), f"{NOT_REPORTED}the reason is given above."


@dataclass(frozen=True)
class Drawing:
    """A result as a page shows it, and its figures as files by name."""

    html: str
    files: dict[str, bytes]


def draw_all(payloads: Sequence[ProtectedPayload], sources: str, store: Store, pool: Executor) -> dict[str, Drawing]:
    """Return the drawings of results by `notebook/key`; records have none.

    Parameters
    ----------
    payloads
        Protected results.
    sources
        Digest of the package's sources: another version may draw otherwise.
    store
        Where drawings are kept.
    pool
        Draws what is not kept.

    Raises
    ------
    ReportError
        If a result cannot be drawn.
    BrokenExecutor
        If a process that draws was killed.
    """
    shown = _shown(payloads)
    keys = {payload.source: key_of(payload, sources) for payload in shown}
    kept = {source: _from_json(found) for source, key in keys.items() if (found := store.read_json(KIND, key))}
    waiting = [payload for payload in shown if payload.source not in kept]
    for payload, drawn in zip(waiting, _drawn(waiting, pool), strict=True):
        store.write_json(KIND, keys[payload.source], _to_json(drawn))
        kept[payload.source] = drawn
    return {source: kept[source] for source in keys}


def begun(pool: Executor, payloads: int, call: Callable[..., bytes], *arguments: Any) -> Future[bytes]:
    """Return what a call with some results will give: made elsewhere, or here and at once where they are few.

    Parameters
    ----------
    pool
        Who makes it.
    payloads
        How many results it is about.
    call, *arguments
        What is to be done.
    """
    if payloads > FEW:
        return pool.submit(call, *arguments)
    done: Future[bytes] = Future()
    done.set_result(call(*arguments))
    return done


def undrawn(payloads: Sequence[ProtectedPayload], sources: str, store: Store) -> list[ProtectedPayload]:
    """Return the results of which no drawing is kept, as they are drawn.

    Parameters
    ----------
    payloads, sources, store
        As for `draw_all`.
    """
    return [
        payload for payload in _shown(payloads) if not store.path(KIND, f"{key_of(payload, sources)}.json").is_file()
    ]


def key_of(payload: ProtectedPayload, sources: str) -> str:
    """Return the key under which a drawing is kept."""
    return digest(payload.to_json(), sources)


def draw_and_keep(payload: ProtectedPayload, key: str, cache: Path) -> None:
    """Draw a result and keep the drawing, in the process that draws.

    Parameters
    ----------
    payload
        A protected result.
    key
        Of `key_of`.
    cache
        The project's `.cache`.
    """
    Store(cache).write_json(KIND, key, _to_json(drawing(payload)))


def told_once(payloads: Sequence[ProtectedPayload]) -> list[ProtectedPayload]:
    """Return results as they are drawn: a refusal that its page gave before is not told again at length."""
    found, said = [], set[tuple[str, str]]()
    for payload in payloads:
        sentence = str(payload.grid.rows[0][0]) if payload.grid.rows and payload.grid.columns == REFUSED else ""
        told = (payload.provenance["notebook"], sentence)
        again = sentence.startswith(NOT_REPORTED) and told in said
        said.add(told)
        found.append(replace(payload, grid=replace(payload.grid, rows=((AGAIN,),))) if again else payload)
    return found


def drawing(payload: ProtectedPayload) -> Drawing:
    """Return a protected result drawn.

    Raises
    ------
    ReportError
        If it cannot be.
    """
    # A user's own matplotlibrc must not change a report.
    with mpl.rc_context():
        mpl.rcdefaults()
        try:
            pictures = plots.Pictures(payload)
            files = plots.files(payload, pictures) if plots.has_picture(payload) else {}
            return Drawing(html.fragment(payload, pictures), files)
        except Exception as error:
            words = f"{payload.source} cannot be drawn ({type(error).__name__}); nothing was published."
            raise ReportError(words) from error


def _shown(payloads: Sequence[ProtectedPayload]) -> list[ProtectedPayload]:
    """Return the results that are for the eye, as they are drawn."""
    return told_once([payload for payload in payloads if payload.kind != UNDRAWN])


def _drawn(payloads: Sequence[ProtectedPayload], pool: Executor) -> Iterable[Drawing]:
    """Return the drawings of results, in order."""
    return map(drawing, payloads) if len(payloads) <= FEW else pool.map(drawing, payloads)


def _to_json(drawn: Drawing) -> dict:
    """Return a drawing as JSON."""
    return {"html": drawn.html, "files": {name: base64.b64encode(data).decode() for name, data in drawn.files.items()}}


def _from_json(found: dict) -> Drawing:
    """Return the drawing that JSON holds."""
    return Drawing(found["html"], {name: base64.b64decode(data) for name, data in found["files"].items()})
