"""What lies in the folder of a tier: pages, figures, results and the record of what was hidden."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from cxresearch.present import labels as say
from cxresearch.present.disclosure import Protected
from cxresearch.present.payload import ProtectedPayload
from cxresearch.present.workbook import workbook
from cxresearch.report.draw import Drawing
from cxresearch.report.figures import figure_files
from cxresearch.report.manifest import recorded
from cxresearch.report.plan import INDEX, Plan
from cxresearch.report.render import render_pages
from cxresearch.report.restated import RESTATED, Restated
from cxresearch.report.results import FRONT_TIER, RESULTS, results
from cxresearch.report.since import SINCE, Since

DISCLOSURE, TABLES = "disclosure.json", "tables.xlsx"
HOW_TO_READ = (
    "Numbers are not rounded; the pages beside this file say how each was made.",
    "A dash stands for a number that is not shown, because too few customers are behind it or because it would give "
    "away a group with too few.",
    "Grey rows rest on a small base; the column Note says how small. Answers counts answers, Customers the people "
    "behind them, and Effective base how many equally weighted, independent answers the estimate is worth.",
    "Shares and their differences are stored as 0 to 1. Scores such as NPS are in points, -100 to 100.",
)


def tier_files(
    plan: Plan,
    tier: str,
    protected: Protected,
    drawings: Mapping[str, Drawing],
    tables: bytes,
    banner: str,
    restated: Restated | None = None,
    since: Since | None = None,
) -> dict[str, bytes]:
    """Return the files of a tier by their path in its folder.

    Parameters
    ----------
    plan
        What was run.
    tier
        `analyst`, `team` or `public`.
    protected
        All results of the run as this tier may see them.
    drawings
        What each of them looks like, by `notebook/key`.
    tables
        All of them as a workbook, of `book`.
    banner
        A sentence for the head of each page, or "".
    restated
        What numbers differ from the last publication.
    since
        What else has changed since.
    """
    pages = render_pages(plan, protected.payloads, drawings, banner, restated, since)
    return {
        **{name: page.encode() for name, page in pages.items()},
        **figure_files(protected.payloads, drawings),
        RESULTS: as_json(results(plan, recorded(plan), tier, protected.payloads)),
        DISCLOSURE: as_json(protected.record),
        TABLES: tables,
        **({RESTATED: as_json(restated.to_json())} if restated else {}),
        **({SINCE: as_json(since.to_json())} if since else {}),
    }


def book(title: str, period: str, banner: str, payloads: Sequence[ProtectedPayload]) -> bytes:
    """Return all tables of a tier as a workbook.

    Parameters
    ----------
    title, period
        Of the run.
    banner
        A sentence for its first sheet, or "".
    payloads
        All results of the run as the tier may see them.
    """
    notes = [*([banner] if banner else []), *HOW_TO_READ]
    return workbook(payloads, f"{title}: {say.period_label(period)}", notes)


def front_files(tier: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files that stand above the tiers' folders: the first page, results and record of one tier.

    Parameters
    ----------
    tier
        The tier whose first page this is.
    files
        That tier's files, as `tier_files` returns them.
    """
    names = "|".join(re.escape(name) for name in files if name.endswith(".html"))
    # Text has its quotes escaped, so only attributes are met.
    front = re.sub(rf'href="(?=(?:{names})["#])', f'href="{tier}/', files[INDEX].decode())
    return {INDEX: front.encode(), RESULTS: files[RESULTS], DISCLOSURE: files[DISCLOSURE]}


def front_tier(plan: Plan) -> str:
    """Return the tier whose first page stands at the top."""
    return FRONT_TIER if FRONT_TIER in plan.run.tiers else plan.run.tiers[0]


def as_json(value: Any) -> bytes:
    """Return a value as JSON text, the same for the same value."""
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n"
