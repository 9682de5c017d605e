"""Crosstabs: any questions by any banner, with bases, tests, letters, nets and means."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from cxresearch.metrics.answers import Columns, Names
from cxresearch.metrics.measures import Scale
from cxresearch.metrics.table import check_level
from cxresearch.segments.asked import by_customer, sample_of
from cxresearch.segments.letters import column_letters
from cxresearch.segments.membership import Named, Segment, named_columns, read_segment
from cxresearch.segments.questions import read_questions
from cxresearch.segments.tabulation import Marking, association_rows, tabulated, tabulation
from cxresearch.stats.groups import Bases, Sample, bases_of
from cxresearch.stats.multiplicity import adjusted_p, check_adjustment
from cxresearch.stats.survey import base_flag

__all__ = ["Crosstab", "crosstab"]

MARKS = ("letters", "complement")
LABELS = ("row", "row_level", "banner", "banner_level")
NUMBERS = ("n", "n_customers", "n_eff", "weighted_base", "estimate", "std_error", "conf_low", "conf_high")
TESTS = ("statistic", "p_value", "p_adjusted", "letters", "flag")
TESTED = ("n", "n_customers", "statistic", "df", "df_error", "p_value", "p_adjusted", "family", "flag")
# More columns than this fit no banner.
MOST_COLUMNS = 60


@dataclass(frozen=True)
class Crosstab:
    """Questions by a banner.

    Attributes
    ----------
    cells
        One row a question, level and column: `row`, `row_level`, `banner`, `banner_level` (`all` is everyone whose
        column is known); `n`, `n_customers`, `n_eff`, `weighted_base` (of the column); `estimate` (its share of the
        level, 0-1), `std_error`, `conf_low`, `conf_high`; `statistic`, `p_value`, `p_adjusted` (against all other
        columns, adjusted over the columns of the banner in this line), `letters`, `flag`.
    nets
        The same of `top 2` and `bottom 2` of scales of at least four points, and of the `NPS` (in points) of 0-10.
    means
        The same of the means of scales and numbers.
    tests
        One row a question and banner, or one an item of a multi-select question or banner: `row`, `row_level`,
        `banner`, `banner_level`; `n`, `n_customers`, `statistic` (F), `df`, `df_error`, `p_value`, `p_adjusted`,
        `family`, `flag`.
    columns
        One row a column of the banner: `banner`, `banner_level`; `n`, `n_customers`, `n_eff` (Kish's), `weighted_base`
        of everyone in it, whatever they answered; `letter`, `flag`.
    """

    cells: pd.DataFrame = field(repr=False)
    nets: pd.DataFrame = field(repr=False)
    means: pd.DataFrame = field(repr=False)
    tests: pd.DataFrame = field(repr=False)
    columns: pd.DataFrame = field(repr=False)


def crosstab(
    frame: pd.DataFrame,
    rows: Named,
    banner: Named,
    *,
    weight: str | None = None,
    strata: str | None = None,
    cluster: Names = None,
    fpc: Names = None,
    customer: str | None = None,
    scales: Mapping[str, Scale] | None = None,
    mark: str = "letters",
    adjust: str = "bh",
    conf_level: float = 0.95,
) -> Crosstab:
    """Return questions by a banner of segments side by side.

    Parameters
    ----------
    frame
        One row an answer, never changed; `account_id` and `customer_id` are used where present.
    rows
        Columns, or `{name: column}` and `{name: [columns]}`. Text and categories are single questions, columns of zeros
        and ones a multi-select set (a share each), whole numbers over at most 11 points a scale, several of them a
        grid; other numbers have a mean only.
    banner
        As `rows`: columns of levels, and multi-select sets, whose columns overlap.
    weight, strata, cluster, fpc, customer
        As for `compare`.
    scales
        Lowest and highest answer by column; without it a scale ends at the answers that were given, `nps` at 0 and 10.
    mark
        `letters`: the letters of the columns of the same banner than which a column is higher, lower case under .05,
        upper case under .001; `complement`: an arrow where it differs from all other columns, two under .001.
    adjust
        Of the p-values over the columns (or pairs of columns) of one banner in one line; `tests` over the whole table.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    Crosstab
        Frames `cells`, `nets`, `means`, `tests`, `columns`. Questions nobody answered stay in `tests`, with a flag;
        columns whose base is under 30 are not tested.

    Raises
    ------
    KeyError, TypeError, ValueError
        As for `compare`; also if a question has over 60 levels.

    Notes
    -----
    Shares of columns are domain means of one sample, with all their linearised covariances; shares are tested pooled on
    effective bases, an NPS with adjusted counts, means by Welch's t. The table as a whole is tested after Rao and
    Scott. R: `svyby(~question, ~column, design, svymean)`, `pairwise.prop.test(correct = FALSE)`, `svychisq`.

    Examples
    --------
    >>> answers = pd.DataFrame({"csat": [5, 5, 4, 2] * 50, "plan": ["A", "A", "A", "B"] * 50})
    >>> found = crosstab(answers, "csat", "plan", scales={"csat": (1, 5)})
    >>> found.nets.loc[found.nets["row_level"] == "top 2", ["banner_level", "n", "estimate", "letters"]]
      banner_level    n  estimate letters
    0          all  200      0.75
    1            A  150      1.00       B
    2            B   50      0.00
    """
    check_adjustment(adjust)
    check_level(conf_level)
    if mark not in MARKS:
        raise ValueError(f"mark: found {mark!r}; it is one of {', '.join(MARKS)}.")
    answers = by_customer(frame, customer)
    sample = sample_of(answers, Columns(weight, strata, cluster, fpc))
    heads = [read_segment(answers, name, columns) for name, columns in named_columns(banner).items()]
    _check_width(heads)
    marking, parts, tests = Marking(mark, adjust, conf_level), [], []
    bases: dict[tuple[str, bytes], Bases] = {}
    for name, columns in named_columns(rows).items():
        for question in read_questions(answers, name, columns, scales or {}):
            for head in heads:
                table = tabulated(question, head, sample, bases)
                parts.append(tabulation(question, head, table, marking))
                tests += association_rows(question, head, table)
    found = pd.concat([_empty(), *(part for part in parts if len(part))], ignore_index=True)
    frames = {part: _part(found, part) for part in ("cells", "nets", "means")}
    return Crosstab(**frames, tests=_tests(tests, adjust), columns=_columns(heads, sample))


def _check_width(heads: list[Segment]) -> None:
    """Refuse a banner that is too wide to be read."""
    for head in heads:
        if len(head.levels) > MOST_COLUMNS:
            raise ValueError(
                f"banner: {head.name} has {len(head.levels)} groups, at most {MOST_COLUMNS} fit; merge some of them."
            )


def _empty() -> pd.DataFrame:
    """Return a table without rows."""
    types = dict.fromkeys((*LABELS, "letters", "flag", "part"), "str") | dict.fromkeys(("n", "n_customers"), "int64")
    return pd.DataFrame(
        {name: pd.Series(dtype=types.get(name, "float64")) for name in (*LABELS, *NUMBERS, *TESTS, "part")}
    )


def _part(found: pd.DataFrame, part: str) -> pd.DataFrame:
    """Return the rows of one frame of the crosstab."""
    return found.loc[found["part"].eq(part), [*LABELS, *NUMBERS, *TESTS]].reset_index(drop=True)


def _tests(tests: list[dict[str, Any]], adjust: str) -> pd.DataFrame:
    """Return the tests of whole tables as one family."""
    frame = pd.DataFrame(tests, columns=[*LABELS, "n", "n_customers", "statistic", "df", "df_error", "p_value", "flag"])
    p_value = frame["p_value"].astype("float64")
    family = f"{int(p_value.notna().sum())} tests of this crosstab"
    return frame.assign(p_adjusted=adjusted_p(p_value, adjust), family=family)[[*LABELS, *TESTED]]


def _columns(heads: list[Segment], sample: Sample) -> pd.DataFrame:
    """Return the columns of the banner with their bases and letters."""
    frames = []
    weight = sample.design.weight
    for head in heads:
        own, _ = bases_of(head.known & (weight > 0), head.members, sample)
        frames.append(
            pd.DataFrame(
                {
                    "banner": head.name,
                    "banner_level": head.levels,
                    "n": own.n,
                    "n_customers": own.persons,
                    "n_eff": own.kish_people,
                    "weighted_base": np.asarray(head.members.T @ weight),
                    "letter": column_letters(len(head.levels)),
                    "flag": base_flag(own.n, own.kish_people),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)
