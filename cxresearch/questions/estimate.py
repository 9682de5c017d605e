"""One question estimated: by its type, for everyone or by group, with the population that it speaks for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pandas as pd

from cxresearch.metrics.answers import Columns
from cxresearch.questions.answers import NPS_GROUP, Answers, modules_of
from cxresearch.questions.kano import kano
from cxresearch.questions.maxdiff import maxdiff
from cxresearch.questions.multi_select import reach, ticked, ticks
from cxresearch.questions.prices import INTENT_ITEMS, price_tables, priced
from cxresearch.questions.resamples import sample_of
from cxresearch.questions.scales import means, medians, openings, shares
from cxresearch.questions.turf import SEPARATOR
from cxresearch.schema.questions import Question
from cxresearch.segments.asked import asked
from cxresearch.segments.comparison import rest_contrasts
from cxresearch.segments.contrasts import judged
from cxresearch.segments.membership import read_segment
from cxresearch.strict_yaml import StudyError, nearest

__all__ = ["Estimate", "differences", "estimate", "population"]

WEIGHT = "weight"
Tables = dict[str, pd.DataFrame]
# Types whose groups are domains of one sample; the others are fitted group by group.
PLAIN = ("single", "scale", "grid", "number", "intent", "open")
COMPARED = ("single", "scale", "grid", "number", "intent", "multi-select", "maxdiff")
# Of the columns of a set of items.
SET_LABELS = {"items": "Set", "best": "Wins again"}
REFUSED = ["n", "n_customers", "sentence"]


@dataclass(frozen=True)
class How:
    """Level of the intervals, resamples and their seed."""

    conf_level: float
    n_boot: int
    seed: int


@dataclass(frozen=True)
class Estimate:
    """What the answers to one question say.

    Attributes
    ----------
    question, type
        Its id and type.
    by
        The columns by which it is split.
    tables
        Result frames by name; `found["shares"]` is short for `found.tables["shares"]`.
    refused
        The groups for which the method refused: the columns of `by`, `n`, `n_customers`, `sentence`.
    labels
        What items, sets of items and curves are called on pages, for `cx.show(labels=)`.
    """

    question: str
    type: str
    by: list[str]
    tables: Tables = field(repr=False)
    refused: pd.DataFrame = field(repr=False)
    labels: dict[str, str] = field(default_factory=dict, repr=False)

    def __getitem__(self, name: str) -> pd.DataFrame:
        """Return a table.

        Raises
        ------
        KeyError
            If there is no such table.
        """
        if name not in self.tables:
            raise KeyError(f"{self.question}: there is no table {name!r}; {nearest(name, list(self.tables))}.")
        return self.tables[name]


def estimate(
    answers: Answers,
    question: str,
    by: str | Sequence[str] | None = None,
    *,
    conf_level: float = 0.95,
    n_boot: int = 500,
    seed: int = 0,
) -> Estimate:
    """Return what the answers to a question say, for everyone or by group.

    Parameters
    ----------
    answers
        As `cx.questions.answers` gives them.
    question
        Id of a question of the bank.
    by
        A segment, `nps_group` or `wave`; several are crossed.
    conf_level, n_boot, seed
        Level of the intervals, and resamples of customers with their seed where a method needs them.

    Returns
    -------
    Estimate
        Its tables, each behind the columns of `by`: single: `shares`; scale, grid, number, intent: `means`, with
        `distribution` on a scale, `median` of a number, `buyers` of an intent asked on 1-5; multi-select: `shares`,
        `ticked`, `overlap`, and of TURF `sets`, `steps`, `items`; van-westendorp: `points`, `curves`, `acceptable`,
        `checks`, with intents at both inner prices `reach`, `demand`; maxdiff: `counts`, `utilities`, `shares`, `fit`;
        kano: `features`, `shares`, `coefficients`, `map`; open: `written`.

    Raises
    ------
    KeyError
        If there is no such question or group.
    StudyError
        If nobody answered, or the method refuses everyone.

    Notes
    -----
    Hájek: Σwy / Σw with w the response weight over the probability of being asked the module; linearised variances by
    account or customer. `buyers` counts the answers 1-5 as .0, .1, .3, .5, .7 (Newton, Miller and Smith 1993).

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = cx.questions.answers(cx.load("demo", "2026Q3"), cx.questions.bank("demo"))
    >>> estimate(found, "bundle", n_boot=0)["shares"].sort_values("estimate")["item"].tolist()[-1]
    'netflow'
    """
    asked_for, how = answers.bank.question(question), How(conf_level, n_boot, seed)
    columns = _columns(answers, by)
    rows = answers.of(question).dropna(subset=columns)
    if asked_for.type in PLAIN:
        tables = _plain(answers, rows, asked_for, columns, how)
        refused = pd.DataFrame(columns=[*columns, *REFUSED])
        return Estimate(question, asked_for.type, columns, tables, refused, answers.labels(question))
    tables, refused = _each_level(rows, columns, lambda part: FITTED[asked_for.type](answers, part, asked_for, how))
    if asked_for.type == "multi-select":
        tables = ticked(rows, asked_for, columns, conf_level) | tables
    if not tables:
        raise StudyError(f"{question}: {refused['sentence'].iloc[0]}")
    sets = tables["sets"]["items"] if "sets" in tables else []
    named = answers.labels(question) | (SET_LABELS if "sets" in tables else {})
    named |= {one: SEPARATOR.join(named[item] for item in one.split(SEPARATOR)) for one in sets}
    return Estimate(question, asked_for.type, columns, tables, refused, named)


def _columns(answers: Answers, by: str | Sequence[str] | None) -> list[str]:
    """Return the columns to split by."""
    columns = [] if by is None else [by] if isinstance(by, str) else list(by)
    known = [*answers.segments, "wave"]
    for name in columns:
        if name not in known:
            raise KeyError(f"by: the answers know no group {name!r}; {nearest(name, known)}.")
    return columns


def _each_level(
    rows: pd.DataFrame, by: list[str], method: Callable[[pd.DataFrame], Tables]
) -> tuple[Tables, pd.DataFrame]:
    """Return the tables of a method for each group, one under the other, and the groups that it refused."""
    found: dict[str, list[pd.DataFrame]] = {}
    refused = []
    for key, part in rows.groupby(by, sort=True) if by else [((), rows)]:
        level = dict(zip(by, key, strict=True))
        try:
            tables = method(part.reset_index(drop=True))
        except ValueError as error:
            people = part["customer_id"].nunique() if "customer_id" in part else part["response_id"].nunique()
            refused.append({**level, "n": part["response_id"].nunique(), "n_customers": people, "sentence": str(error)})
            continue
        for name, table in tables.items():
            head = pd.DataFrame(level, index=table.index)
            found.setdefault(name, []).append(pd.concat([head, table], axis=1))
    joined = {name: pd.concat(parts, ignore_index=True) for name, parts in found.items()}
    return joined, pd.DataFrame(refused, columns=[*by, *REFUSED])


def _plain(answers: Answers, rows: pd.DataFrame, question: Question, by: list[str], how: How) -> Tables:
    """Return the tables of a question with plain answers."""
    if question.type == "open":
        return openings(answers, question, by, how.conf_level)
    if question.type == "single":
        return shares(rows, question, by, how.conf_level)
    tables = means(rows, question, by, how.conf_level)
    if question.type == "number":
        tables |= _each_level(rows, by, lambda part: {"median": medians(part, how.conf_level, how.n_boot, how.seed)})[0]
    return tables


def _prices(answers: Answers, rows: pd.DataFrame, question: Question, how: How) -> Tables:
    """Return the tables of a van-westendorp question, with the intents of its module where both were asked."""
    module = answers.bank.of_module(question.module)
    both = [one.id for one in module if one.type == "intent" and {*INTENT_ITEMS} <= {*one.items}]
    intents = answers.rows[answers.rows["question"].isin(both[:1])]
    return price_tables(priced(rows, intents), question, how.conf_level, how.n_boot, how.seed)


def _maxdiff(answers: Answers, rows: pd.DataFrame, question: Question, how: How) -> Tables:
    """Return the tables of a maxdiff question."""
    found = maxdiff(rows, weight=WEIGHT, conf_level=how.conf_level)
    return {"counts": found.counts, "utilities": found.utilities, "shares": found.shares, "fit": found.fit}


def _kano(answers: Answers, rows: pd.DataFrame, question: Question, how: How) -> Tables:
    """Return the tables of a kano question."""
    sides = rows.pivot(index=["response_id", "item"], columns="task", values="answer")
    sides = sides.reindex(columns=["functional", "dysfunctional"]).reset_index()
    who = rows.drop_duplicates("response_id").set_index("response_id")
    ids = [name for name in ("customer_id", "account_id", WEIGHT) if name in who]
    pairs = sides.assign(**{name: sides["response_id"].map(who[name]) for name in ids})
    found = kano(pairs, feature="item", weight=WEIGHT, conf_level=how.conf_level)
    tables = {"features": found.features, "shares": found.shares, "coefficients": found.coefficients}
    return tables | {"map": _map(found.features, found.coefficients)}


def _map(features: pd.DataFrame, coefficients: pd.DataFrame) -> pd.DataFrame:
    """Return a row a feature with what it gains if it is there, and costs if it is not."""
    sides = coefficients.pivot(index="feature", columns="coefficient", values="estimate").reindex(features["feature"])
    told = features[["feature", "n", "n_customers", "class"]]
    return told.assign(better=sides["better"].array, worse=-sides["worse"].array, flag=features["flag"])


def _sets(answers: Answers, rows: pd.DataFrame, question: Question, how: How) -> Tables:
    """Return the sets of a multi-select question."""
    return reach(rows, question, how.conf_level, how.n_boot, how.seed)


# Types that are fitted group by group.
FITTED: dict[str, Callable[[Answers, pd.DataFrame, Question, How], Tables]] = {
    "van-westendorp": _prices,
    "maxdiff": _maxdiff,
    "kano": _kano,
    "multi-select": _sets,
}


def differences(
    answers: Answers,
    question: str,
    by: str,
    *,
    adjust: str = "bh",
    conf_level: float = 0.95,
    n_permutations: int = 999,
    seed: int = 0,
) -> pd.DataFrame:
    """Return in which items the groups of a segment differ from the rest, all judged as one family.

    Parameters
    ----------
    answers, question
        As for `estimate`; of prices and Kano pairs the intervals by group are all there is.
    by
        A segment, `nps_group` or `wave`.
    adjust, conf_level, n_permutations, seed
        As for `cx.segments.compare`; the family is all items times all groups.

    Returns
    -------
    pandas.DataFrame
        `item`, `segment`, `level`, `against`, then a comparison frame: of shares of people, means, or of MaxDiff the
        mean of 1 for best and -1 for worst.

    Raises
    ------
    KeyError
        If there is no such question or group.
    StudyError
        If nobody answered, or the question is of a type that is not compared.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = cx.questions.answers(cx.load("demo", "2026Q3"), cx.questions.bank("demo"))
    >>> rows = differences(found, "intent", "nps_group")
    >>> rows["family"].iloc[0]
    '3 comparisons over items and groups of NPS group'
    """
    asked_for = answers.bank.question(question)
    if asked_for.type not in COMPARED:
        raise StudyError(f"{question}: groups of a {asked_for.type} question are not tested; see their intervals.")
    name = _columns(answers, by)[0]
    rows, parts = answers.of(question).dropna(subset=[name]), []
    items = list(asked_for.items) or [""]
    for item in items:
        frame = _of_item(rows, asked_for, item)
        found = asked(frame, "answer", Columns(WEIGHT), None, None, None, conf_level)
        segment = read_segment(frame, name, name)
        part = rest_contrasts(found, segment, len(items) * len(segment.levels), conf_level, n_permutations, seed)
        heads = pd.DataFrame({"item": item, "segment": name, "level": segment.levels, "against": "the rest"})
        parts.append(pd.concat([heads.set_axis(part.index), part], axis=1))
    family = f"{{n}} comparisons over items and groups of {'NPS group' if name == NPS_GROUP else name}"
    told = judged(pd.concat(parts, ignore_index=True), adjust, family, conf_level)
    return told if asked_for.items else told.drop(columns="item")


def _of_item(rows: pd.DataFrame, question: Question, item: str) -> pd.DataFrame:
    """Return one row an answer about an item."""
    if question.type == "single":
        return rows.assign(answer=rows["item"].eq(item).astype(float))
    if question.type == "multi-select":
        people = ticks(rows, question)
        return people.assign(answer=people[item]).dropna(subset=["answer"])
    return rows[rows["item"].eq(item)]


def population(answers: Answers) -> pd.DataFrame:
    """Return for whom the answers to each question speak.

    Parameters
    ----------
    answers
        As `cx.questions.answers` gives them.

    Returns
    -------
    pandas.DataFrame
        `module`, `question`, `n` (people who answered), `n_customers`, `n_eff`, `asked_share` (probability of being
        asked, of those eligible), `answered_share` (who answered, of those asked who began the survey), `consent`,
        `survey`, `first_wave`, `last_wave`, `flag`.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = cx.questions.answers(cx.load("demo", "2026Q3"), cx.questions.bank("demo"))
    >>> population(found)[["question", "n", "consent"]].values.tolist()[0]
    ['price', 605, 'research_consent']
    """
    rules = answers.bank.assignment.eligible if answers.bank.assignment else None
    found = []
    for question in answers.bank.questions:
        people = answers.rows[answers.rows["question"].eq(question.id)].drop_duplicates("response_id")
        if people.empty:
            continue
        began = sum(question.module in modules_of(answers.bank, arm) for arm in answers.people["arm"])
        size = sample_of(people.assign(_one=1.0), "_one", WEIGHT, None).bases()
        head = {"module": question.module, "question": question.id}
        bases = {name: size[name] for name in ("n", "n_customers", "n_eff")}
        told = {"asked_share": people["probability"].iloc[0], "answered_share": len(people) / began}
        told |= {
            "consent": (rules.consent if rules else None) or "",
            "survey": rules.survey if rules else "relationship",
        }
        told |= {"first_wave": answers.waves[0], "last_wave": answers.waves[-1], "flag": size["flag"]}
        found.append({**head, **bases, **told})
    return pd.DataFrame(found)
