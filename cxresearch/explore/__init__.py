"""Looking around in JupyterLab: pick study, quarter, metric, segment and group, and see what a report would show.

- `Explorer` is the controls with what they show, for a notebook.
- `Choice` is what was picked; `show(choice)` displays it without controls, in a notebook of one's own.
- `studies`, `quarters`, `metrics`, `groups` tell what can be picked; `VIEWS` how it can be looked at.
"""

from cxresearch.explore.choices import Choice, groups, metrics, quarters, studies
from cxresearch.explore.explorer import Explorer
from cxresearch.explore.views import VIEWS, show

__all__ = ["VIEWS", "Choice", "Explorer", "groups", "metrics", "quarters", "show", "studies"]
