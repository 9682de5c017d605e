"""Sentences about the data themselves: the way of the answers, who is missing, what was set aside."""

import pandas as pd

from cxresearch.present import frames
from cxresearch.present import labels as say
from cxresearch.present.findings import (
    NOTHING,
    Arguments,
    Labels,
    amount,
    finding_named,
    joined,
    level_of,
    metric_name,
    shown,
    unit_of,
)

SIGNIFICANCE = 0.05
TO_REVIEW = "to review"
THEY_STAY = "They are kept."


@finding_named
def flow(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return the way from the first stage to the last, with the share that reached each."""
    rows = [(str(record["stage"]), record["n"]) for record in _counted(frame)]
    if not rows:
        return NOTHING
    (first, all_of_them), (_, left) = rows[0], rows[-1]
    steps = [f"{say.number(count, 'count')} {say.clean(stage)}" for stage, count in rows]
    remain = f"{say.number(left / all_of_them, 'share')} of those {say.clean(first)} remain." if all_of_them else ""
    return joined(f"{', '.join(steps)}.", remain if len(rows) > 1 else "")


@finding_named
def comparability(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return where trends break because people were asked in another way."""
    broken, flagged = frame[frame["breaks"]], int((~frame["breaks"].astype("bool")).sum())
    told = [
        f"The line of {say.level('metric', metric, labels)} breaks at {say.listed(map(say.period_label, when))} "
        f"({say.listed(dict.fromkeys(rows['what']))})."
        for metric, rows in broken.groupby("metric", sort=False)
        for when in [list(dict.fromkeys(rows["period"]))]
    ]
    if not len(frame):
        return "No change was found in how people were asked."
    rest = f"{say.count(flagged, 'other change is', 'other changes are')} flagged." if told and flagged else ""
    return joined(*told, rest) if told else f"No line breaks; {say.count(flagged, 'change is', 'changes are')} flagged."


@finding_named
def speaks_for(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return for whom the numbers speak: who answered, of those invited."""
    counts = {str(record["stage"]): record["n"] for record in _counted(frame)}
    counted = counts.get("counted", counts.get("accepted"))
    if counted is None:
        return NOTHING
    text = f"This report speaks for the {say.count(counted, 'answer')} counted"
    if counts.get("invited") and "answered" in counts:
        rate = say.number(counts["answered"] / counts["invited"], "share")
        invited = say.number(counts["invited"], "count")
        return f"{text}. {rate} of {invited} invited answered; those who did not may think otherwise."
    return f"{text}; how many were invited is not known."


def _counted(frame: pd.DataFrame) -> list[dict[str, float]]:
    """Return the rows of a flow that may be shown."""
    return frame[~frames.is_hidden(frame) & frame["n"].notna()].to_dict("records")


@finding_named
def coverage(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return the share of answers that can be linked, and the group in which it is lowest."""
    known = shown(frame)
    if known.empty:
        return NOTHING
    link = "link" if "link" in frame.columns else None
    sentences = []
    for name, part in known.groupby(link, sort=False) if link else [("", known)]:
        level = "level" if "level" in part.columns else part.columns[0]
        total = part[part[level].map(say.is_total)]
        groups = part[~part[level].map(say.is_total)]
        to = f" to {say.clean(str(name))}" if name else ""
        text = (
            f"{say.number(total['estimate'].iloc[0], 'share')} of the answers can be linked{to}" if len(total) else ""
        )
        if len(groups):
            least = groups.loc[groups["estimate"].idxmin()]
            lowest = f"least for {say.level(level, least[level], labels)} ({say.number(least['estimate'], 'share')})"
            text = f"{text}, {lowest}" if text else f"Linked{to} {lowest}"
        sentences.append(f"{text}." if text else "")
    return joined(*sentences)


@finding_named
def bias(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return by which segments the response rate differs, with its highest and lowest group."""
    known = shown(frame)
    if known.empty:
        return NOTHING
    differing: list[tuple[str, pd.DataFrame]] = []
    even: list[tuple[str, pd.DataFrame]] = []
    for segment, part in known.groupby("segment", sort=False):
        p = frames.floats(part, "p_adjusted").min()
        (differing if p < SIGNIFICANCE else even).append((say.label(str(segment), labels).lower(), part))
    sentences = []
    for name, part in differing[:4]:
        top, low = part.loc[part["estimate"].idxmax()], part.loc[part["estimate"].idxmin()]
        ends = [f"{say.level('level', r['level'], labels)} {say.number(r['estimate'], 'share')}" for r in (top, low)]
        sentences.append(f"Response differs by {name}: highest {ends[0]}, lowest {ends[1]}.")
    if even:
        sentences.append(f"By {say.listed(name for name, _ in even)} no difference is supported.")
    return joined(*sentences)


@finding_named
def duplicates(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how many rows were copies or in conflict."""
    rows = int(frames.floats(frame, "rows").sum())
    if not rows:
        return "No copies and no conflicting rows were found."
    by_rule = frame.groupby("rule", sort=False)["rows"].sum()
    parts = [f"{say.clean(str(rule))}: {say.number(size, 'count')}" for rule, size in by_rule.items()]
    return f"{say.count(rows, 'row was', 'rows were')} set aside ({'; '.join(parts)})."


@finding_named
def speeders(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how many answered too fast to have read the questions."""
    record = _single(frame)
    if record is None:
        return "Whether somebody answered too fast cannot be assessed."
    limit = record.get("limit_s")
    words = (
        "in too little time" if limit is None or pd.isna(limit) else f"in under {say.number(limit, 'count')} seconds"
    )
    were = "was" if record["flagged"] == 1 else "were"
    return joined(f"{_share_of(record)} {were} given {words}.", THEY_STAY if record["flagged"] else "")


@finding_named
def straight_liners(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how many gave the same rating throughout."""
    record = _single(frame)
    if record is None:
        return "Whether somebody gave the same rating throughout cannot be assessed."
    return joined(f"{_share_of(record)} gave the same rating throughout.", THEY_STAY if record["flagged"] else "")


def _single(frame: pd.DataFrame) -> dict[str, float] | None:
    """Return a frame's single row, None where it cannot be told."""
    known = shown(frame)
    return None if known.empty else known.iloc[0].to_dict()


def _share_of(record: dict[str, float]) -> str:
    """Return how many of how many answers were flagged."""
    flagged, answers = record["flagged"], record["n"]
    many = "None" if not flagged else say.number(flagged, "count")
    share = "" if not flagged else f" ({say.small_share(record['estimate'])})"
    return f"{many} of {say.count(answers, 'answer')}{share}"


@finding_named
def sensitivity(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how far the score moves when careless answers are left out."""
    known = shown(frame)
    if known.empty:
        return NOTHING
    name = frame.columns[0]
    total, others = known[known[name].map(say.is_total)], known[~known[name].map(say.is_total)]
    if total.empty or others.empty:
        return NOTHING
    record = total.iloc[0].to_dict()
    unit, start = unit_of(record, arguments), record["estimate"]
    moves = (others["estimate"] - start).abs()
    text = f"{metric_name(record, arguments, labels)} is {level_of(start, unit, arguments)} with all answers"
    if not moves.max() > 0:
        return f"{text} and the same without careless ones."
    return f"{text}; leaving careless ones out moves it by at most {amount(moves.max(), unit)}."


@finding_named
def quarantine(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how many rows were read and how many set aside, by table."""
    if not {"rows_in", "quarantined"} <= set(frame.columns):
        rows = int(frames.floats(frame, "rows").sum())
        return f"{say.count(rows, 'row was', 'rows were')} set aside." if rows else "No row was set aside."
    read, aside = int(frame["rows_in"].sum()), int(frame["quarantined"].sum())
    if not aside:
        return f"All {say.count(read, 'row')} read were accepted."
    parts = [f"{say.number(r['quarantined'], 'count')} in {say.clean(str(r['table']))}"
             for r in frame.to_dict("records") if r["quarantined"]]  # fmt: skip
    share = say.small_share(aside / read)
    some = f"{say.number(aside, 'count')} ({share}) {'was' if aside == 1 else 'were'}"
    return f"Of {say.count(read, 'row')} read, {some} set aside: {say.listed(parts)}."


@finding_named
def personal_data(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how much personal data was taken out of texts, and that names may remain."""
    left = frame["kind"].eq(TO_REVIEW)
    taken = int(frame.loc[~left, "items"].sum())
    some = f"{say.count(taken, 'piece')} of personal data {'was' if taken == 1 else 'were'} taken out of texts"
    words = say.count(int(frame.loc[left, "items"].sum()), "word")
    return f"{some if taken else 'No personal data was found in texts'}. Names may remain: {words} may be one."
