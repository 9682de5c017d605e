"""Customer-experience research: from raw survey exports to a report a reviewer can trust.

Use it as `import cxresearch as cx`. Importing costs nothing: each name below is loaded on first use.

- `cx.load(study, period=…)` gives a study's accepted tables; `cx.results(study)` what a run's other notebooks found.
- `cx.attempt(function, …)` gives a result, or a refusal in a sentence that `cx.show` displays.
- `cx.closed_loop` lists whom to come back to, and asks whether coming back, or an initiative, helped.
- `cx.quality`, `cx.metrics`, `cx.summary` compute result frames: plain DataFrames with `n`, `estimate`, `conf_low`,
  `conf_high`.
- `cx.drivers` shares what a model explains among ratings, with the effect of each beside.
- `cx.revenue` asks what loyalty is worth in money, and how far the data can tell.
- `cx.economics` values customers: who stays, what they bring, what new ones cost.
- `cx.employees` links how teams are to how their customers feel.
- `cx.explore` looks around in JupyterLab: lists to pick from, and what a report would show.
- `cx.journey` follows customers through the touchpoints: what each is worth, who handled it, where they go next.
- `cx.questions` plans market-research questions inserted into the survey, and analyses their answers.
- `cx.segments` compares groups, tabulates questions and takes changes apart.
- `cx.topics` finds what customers say in their own words, and scores every period alike.
- `cx.weights` makes weights: raking, calibration, response propensity, replicates.
- `cx.show(frame, …)` displays a result, protected; `cx.show_tabs(crosstab)` displays each question of a
  crosstab, `cx.record(key, frame)` keeps a result without displaying it.
"""

import os
from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# openpyxl writes other bytes where lxml happens to be installed; set before anything imports it.
os.environ.setdefault("OPENPYXL_LXML", "False")

_NAMESPACES = (
    "closed_loop",
    "drivers",
    "economics",
    "employees",
    "explore",
    "journey",
    "metrics",
    "quality",
    "questions",
    "revenue",
    "segments",
    "summary",
    "topics",
    "weights",
)
_FUNCTIONS = {
    "attempt": "cxresearch.refusal",
    "load": "cxresearch.study_data",
    "results": "cxresearch.study_data",
    "show": "cxresearch.present.show",
    "show_tabs": "cxresearch.present.show",
    "record": "cxresearch.present.show",
}
__all__ = [
    "attempt",
    "closed_loop",
    "drivers",
    "economics",
    "employees",
    "explore",
    "journey",
    "load",
    "metrics",
    "quality",
    "questions",
    "record",
    "results",
    "revenue",
    "segments",
    "show",
    "show_tabs",
    "summary",
    "topics",
    "weights",
]


def __getattr__(name: str) -> Any:
    """Return a namespace or function, loading it on first use."""
    if name in _NAMESPACES:
        room = import_module(f"cxresearch.{name}")
        # Tab offers what a room is for, not the modules that it is made of.
        room.__dict__.setdefault("__dir__", lambda: room.__all__)
        return room
    if name in _FUNCTIONS:
        return getattr(import_module(_FUNCTIONS[name]), name)
    raise AttributeError(f"cxresearch has no {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    """Return the public names, for tab completion."""
    return __all__
