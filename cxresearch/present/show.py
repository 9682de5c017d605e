"""What a notebook shows: a protected picture for the reader, and the payload for the report."""

import base64
import difflib
import io
import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import pandas as pd

from cxresearch.present.crosstabs import tab_frame
from cxresearch.present.disclosure import Policy, protect
from cxresearch.present.findings import FINDINGS
from cxresearch.present.html import fragment, stylesheet
from cxresearch.present.labels import METRIC_UNITS, level
from cxresearch.present.payload import MIME_TYPE, Grid, Payload, ProtectedPayload, slug
from cxresearch.progress import QUIET
from cxresearch.refusal import Refusal

FIGURE_DPI = 200


def show(
    frame: pd.DataFrame | Refusal,
    kind: str = "table",
    *,
    key: str | None = None,
    caption: str = "",
    finding: str | None = None,
    method: str | None = None,
    about: str = "people",
    labels: dict[str, str] | None = None,
    figure: Any = None,
    study: Any = None,
    policy: Policy | None = None,
    **arguments: Any,
) -> None:
    """Display one result, protected, and leave its payload for the report.

    Parameters
    ----------
    frame
        A result frame: grouping columns, then `n`, `n_customers` and what was measured; or a refusal, whose sentence
        is displayed in its place.
    kind
        `table`, `headline`, `findings`, `facts`, `sentence` or a plot: `estimates`, `trend`, `bars`, `flow`,
        `distribution`, `bridge`, `matrix`, `curves`.
    key
        `[a-z0-9-]+`, unique in the notebook; by default the slug of the caption.
    caption
        What the output shows, in a few words.
    finding
        Name of a function of `present.words` that makes the sentence above the output from the protected frame.
    method
        Id of a section of docs/methods.md.
    about
        `people` (needs `n_customers`) or `process`, for counts of rows, files and checks only.
    labels
        Headings by column and names by level.
    figure
        A researcher's own matplotlib figure of the frame's numbers; in the analyst tier, elsewhere only when no row of
        the frame is hidden.
    study
        What `cx.load` returned: its minimum base, title and periods go with the output.
    policy
        Minimum base of what is displayed here; by default the study's, else 10 customers.
    **arguments
        What the kind understands, such as `metric`, `unit`, `target`, `reference`, `order`. A frame without `metric`
        or `unit` is taken to be of the metric that `method` names, if it names one.

    Raises
    ------
    ValueError, TypeError
        If the frame cannot be protected or an argument is unknown.
    """
    _check_finding(finding)
    if isinstance(frame, Refusal):
        frame, kind, finding, about, arguments = frame.to_frame(), "sentence", None, "process", {}
    payload = Payload(
        key=key or slug(caption) or slug(kind),
        kind="figure" if figure is not None else kind,
        grid=Grid.of(frame),
        caption=caption,
        finding=finding,
        method=method or _method(arguments),
        about=about,
        labels={**_labels(study), **(labels or {})},
        arguments=_told(frame, kind, method, arguments),
        provenance=_provenance(study),
        figure=_png(figure) if figure is not None else None,
    )
    seen = protect([payload], policy or (Policy.of(study) if study is not None else Policy())).payloads[0]
    # A report draws its results once, protected together; drawn here as well they would only cost time.
    if QUIET in os.environ:
        _display({MIME_TYPE: payload.to_json(), "text/plain": ""})
        return
    _display({MIME_TYPE: payload.to_json(), "text/html": _html(seen), "text/plain": _plain(seen)})


def show_tabs(
    book: Any, *, key: str = "tab", labels: dict[str, str] | None = None, study: Any = None, method: str = "crosstab"
) -> None:
    """Display each question of crosstabs, protected, and leave the payloads for the report and its tab book.

    Parameters
    ----------
    book
        What `cx.segments.crosstab` or `cx.segments.tab_book` returned.
    key
        What the outputs' keys begin with, unique in the notebook.
    labels, study, method
        As for `show`.
    """
    if isinstance(book, Refusal):
        show(book, key=key, caption="Tab book", method=method, study=study)
        return
    known = {**_labels(study), **(labels or {})}
    keys: set[str] = set()
    for tab in book if isinstance(book, list) else [book]:
        for name in tab.cells["row"].unique():
            own = next(found for found in _numbered(f"{key}-{slug(name)}") if found not in keys)
            keys.add(own)
            show(
                tab_frame(tab, name),
                "crosstab",
                key=own,
                caption=level("row", name, known),
                finding="crosstab",
                method=method,
                labels=labels,
                study=study,
                unit="share",
            )


def _numbered(key: str) -> Iterator[str]:
    """Yield a key, then the same with a number behind it."""
    yield key
    yield from (f"{key}-{number}" for number in count(2))


def record(key: str, frame: pd.DataFrame, *, about: str = "people", study: Any = None, **arguments: Any) -> None:
    """Leave a result for the report and other notebooks, and display nothing.

    Parameters
    ----------
    key
        `[a-z0-9-]+`, unique in the notebook.
    frame
        A result frame.
    about
        `people` or `process`, as in `show`.
    study
        What `cx.load` returned.
    **arguments
        Kept with the frame.
    """
    grid = Grid.of(frame)
    payload = Payload(
        key=key, kind="record", grid=grid, about=about, arguments=arguments, provenance=_provenance(study)
    )
    _display({MIME_TYPE: payload.to_json()})


def _check_finding(name: str | None) -> None:
    """Refuse a sentence that does not exist."""
    if name is not None and name not in FINDINGS:
        near = difflib.get_close_matches(name, FINDINGS, 1)
        hint = f"did you mean {near[0]!r}" if near else f"known are {', '.join(sorted(FINDINGS))}"
        raise ValueError(f"show: there is no finding {name!r}; {hint}.")


def _told(frame: pd.DataFrame, kind: str, method: str | None, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments with the unit that kind or method tells, where neither frame nor caller does."""
    if {"unit", "metric"} & {*getattr(frame, "columns", ()), *arguments}:
        return arguments
    if kind in ("distribution", "flow"):
        return {**arguments, "unit": "share"}
    return {**arguments, "metric": method} if method in METRIC_UNITS else arguments


def _method(arguments: dict[str, Any]) -> str | None:
    """Return the section of docs/methods.md for a metric: its own, or that of a mean."""
    metric = arguments.get("metric")
    return None if metric is None else metric if metric in METRIC_UNITS else "mean"


def _labels(study: Any) -> dict[str, str]:
    """Return what the study file calls columns and segments."""
    return {} if study is None else dict(getattr(study.definition, "labels", {}))


def _provenance(study: Any) -> dict[str, Any]:
    """Return title and periods of loaded study data."""
    if study is None:
        return {}
    facts = {"study": study.definition.title, "period": study.period, "compare_to": study.compare_to}
    return {name: value for name, value in facts.items() if value}


def _html(seen: ProtectedPayload) -> str:
    """Return the protected fragment with its style; notes on methods, to which it would lead, are in reports alone."""
    return f'<style>{stylesheet()}</style><div class="cx-cell">{fragment(replace(seen, method=None))}</div>'


def _plain(seen: ProtectedPayload) -> str:
    """Return the protected frame as text."""
    return f"{seen.caption}\n{seen.to_frame().to_string(index=False)}".strip()


def _png(figure: Any) -> str:
    """Return a matplotlib figure as a PNG in base64."""
    return base64.b64encode(_png_bytes(figure)).decode("ascii")


def _png_bytes(figure: Any) -> bytes:
    """Return a matplotlib figure as a PNG that is the same each time."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=FIGURE_DPI, bbox_inches="tight", metadata={"Software": None})
    return stream.getvalue()


def _display(bundle: dict[str, Any]) -> None:
    """Hand a MIME bundle to Jupyter; outside of it print the text."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.display import display

    if InteractiveShell.initialized():
        display(bundle, raw=True)
    elif "text/plain" in bundle:
        print(bundle["text/plain"])
