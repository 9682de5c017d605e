"""The controls: a list for each part of a choice, and below them what the choice shows."""

import asyncio
from functools import cache
from pathlib import Path
from typing import Any

import ipywidgets as widgets
from IPython.utils.capture import capture_output

from cxresearch.explore import choices
from cxresearch.explore.choices import EVERYONE, Choice
from cxresearch.explore.views import VIEWS, show
from cxresearch.present.labels import label, level
from cxresearch.refusal import Refusal, attempt
from cxresearch.study_data import StudyData, load

__all__ = ["Explorer"]

# Whoever walks through a list with the arrow keys passes many choices; only the one rested on is drawn.
REST_S = 0.25
WAITING = '<span role="status">Drawing …</span>'
# As many lists to a row as there is room for.
COLUMNS = "repeat(auto-fit, minmax(15rem, 1fr))"
Options = list[tuple[str, str]]
# In its command mode JupyterLab takes arrows and letters for itself (B inserts a cell) whatever list has the focus, but
# leaves those alone that are pressed in an element with this attribute.
CLASS = "cx-explorer"
KEYS = f"""<script>document.addEventListener("focusin", ({{target}}) =>
target.closest(".{CLASS}") && target.setAttribute("data-lm-suppress-shortcuts", "true"))</script>"""


class Explorer(widgets.VBox):
    """Lists to choose from, and what the choice shows, protected as in a report.

    Parameters
    ----------
    study
        A name under `data/`, or the path of a study.yaml.
    period
        The quarter to begin with; the newest by default.

    Attributes
    ----------
    study, period, metric, segment, group, view
        The lists: `value` is what is chosen, `options` what there is to choose from.
    output
        What is shown.

    Examples
    --------
    >>> explorer = Explorer("demo", "2026Q3")
    >>> explorer.segment.value = "region"
    >>> explorer.choice.segment, explorer.group.label
    ('region', 'All groups')
    """

    def __init__(self, study: str | Path = "demo", period: str | None = None) -> None:
        names = dict.fromkeys([str(study), *choices.studies()])
        self.study = _list("Study", [(name, name) for name in names])
        self.period, self.metric, self.segment, self.group = map(_list, ("Quarter", "Metric", "Segment", "Group"))
        self.view = _list("View", [(view.name, name) for name, view in VIEWS.items()])
        self.lists = (self.study, self.period, self.metric, self.segment, self.group, self.view)
        self.state = widgets.HTML(layout={"min_height": "1.75rem"})
        self.output = widgets.Output()
        self._quarters = cache(lambda name: attempt(choices.quarters, name))
        self._load = cache(lambda name, period: attempt(load, name, period))
        self._timer: asyncio.TimerHandle | None = None
        self._is_updating = False
        grid = widgets.GridBox(self.lists, layout={"grid_template_columns": COLUMNS, "grid_gap": "0 1rem"})
        keys = widgets.Output(outputs=_output({"text/html": KEYS}), layout={"display": "none"})
        super().__init__([keys, grid, self.state, self.output])
        self.add_class(CLASS)
        self._update(period)
        for control in self.lists:
            control.observe(self._update_soon, "value")

    @property
    def choice(self) -> Choice:
        """What is chosen, for `cx.explore.show`."""
        metric, group = self.metric.value or "nps", self.group.value or EVERYONE
        return Choice(self.study.value, self.period.value, metric, self.segment.value, group, self.view.value)

    def _update_soon(self, _: Any) -> None:
        """Update once the lists have been left alone for a moment."""
        if self._is_updating:
            return
        if self._timer is not None:
            self._timer.cancel()
        try:
            self._timer = asyncio.get_running_loop().call_later(REST_S, self._update)
        except RuntimeError:  # in no notebook
            self._update()

    def _update(self, period: str | None = None) -> None:
        """Offer what there is to choose from, then show what is chosen."""
        self._is_updating, self.state.value = True, WAITING
        try:
            study = self._offer(period)
            self.output.outputs = _outputs(self.choice, study)
        finally:
            self._is_updating, self.state.value = False, ""

    def _offer(self, period: str | None) -> StudyData | Refusal:
        """Fill each list with what the lists before it leave, and return the study; a refused one leaves nothing."""
        quarters = list(self._quarters(self.study.value))
        _fill(self.period, [(level("period", name), name) for name in quarters], period)
        study = self._load(self.study.value, self.period.value)
        known: dict[str, str] = {} if isinstance(study, Refusal) else study.definition.labels
        for control, names in ((self.metric, attempt(choices.metrics, study)), (self.segment, _segments(study))):
            _fill(control, [(label(name, known), name) for name in names])
        segment = str(self.segment.value)
        groups = [(level(segment, name, known), name) for name in attempt(choices.groups, study, segment)]
        _fill(self.group, [("All groups", EVERYONE), *groups] if groups else [])
        self.group.disabled = not groups or not VIEWS[self.view.value].by_group
        return study


def _list(name: str, options: Options | None = None) -> widgets.Dropdown:
    """Return a list under its name."""
    return widgets.Dropdown(options=options or [], description=name, layout={"width": "auto"})


def _fill(control: widgets.Dropdown, options: Options, wanted: str | None = None) -> None:
    """Offer options and keep what was chosen where it still stands among them."""
    names = [name for _, name in options]
    chosen = next((name for name in (wanted, control.value) if name in names), names[0] if names else None)
    if list(control.options) != options:
        control.options = options
    control.value, control.disabled = chosen, not options


def _segments(study: StudyData | Refusal) -> list[str]:
    """Return the segments that can be told apart at a glance."""
    return [] if isinstance(study, Refusal) else study.segments(study.responses)


def _outputs(choice: Choice, study: StudyData | Refusal) -> tuple[dict[str, Any], ...]:
    """Return what a choice shows as outputs of a cell."""
    with capture_output() as found:
        show(choice, study)
    if found.stdout:  # in no notebook
        return ({"output_type": "stream", "name": "stdout", "text": found.stdout},)
    return tuple(output for one in found.outputs for output in _output(one.data))


def _output(data: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """Return a MIME bundle as the only output of a cell."""
    return ({"output_type": "display_data", "data": data, "metadata": {}},)
