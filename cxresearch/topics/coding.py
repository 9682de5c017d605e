"""Coding by hand: which comments people read, the workbook they fill in, and what they found."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cxresearch.cache import digest, make_private, write_atomic
from cxresearch.metrics.estimates import proportion
from cxresearch.strict_yaml import StudyError, nearest, read_yaml, shown
from cxresearch.topics.agreement import agreement
from cxresearch.topics.corrected import corrected_change, corrected_shares
from cxresearch.topics.mentions import Mentions, indicators

__all__ = ["Codes", "accuracy", "read_codes", "read_workbook", "sample", "write_codes", "write_workbook"]

POSITIVES, OTHERS = 50, 200
COMMENTS, CODEBOOK, NONE = "Comments", "Codebook", "none"
N_CODES = 5
ID = "comment"
LONGEST_CELL = 32_000


@dataclass(frozen=True)
class Codes:
    """What people found in comments.

    Attributes
    ----------
    coders
        By the name of the coder: one row a comment that was coded (its place in `Mentions.answers`), one column a
        topic, zeros and ones.
    strangers
        How many coded comments are not among those of the study as it stands.
    """

    coders: dict[str, pd.DataFrame]
    strangers: int = 0

    @property
    def agreed(self) -> pd.DataFrame:
        """One row a comment, one column a topic: what most coders say; where they are at odds, the first of them."""
        frames = list(self.coders.values())
        if len(frames) == 1:
            return frames[0]
        stacked = pd.concat(frames, keys=range(len(frames)), names=["coder", "row"])
        mean = stacked.groupby("row").mean()
        first = stacked.groupby("row").first()
        return mean.gt(0.5).astype("int64").mask(mean.eq(0.5), first)

    def applied(self, mentions: Mentions) -> Mentions:
        """Return mentions in which people's codes stand in the place of the machine's."""
        agreed = self.agreed
        answers = mentions.answers.copy()
        answers.loc[agreed.index, list(agreed)] = agreed
        return replace(mentions, answers=answers.assign(by_hand=answers.index.isin(agreed.index)))

    def shares(self, mentions: Mentions, *, survey: str | None = None) -> pd.DataFrame:
        """Return the corrected share of each topic in the run's period; see `cx.topics.corrected_shares`."""
        rows, coded = self._of_period(mentions, survey, mentions.study.period)
        found = corrected_shares(rows, coded, weight=mentions.design(survey).weight)
        return found.assign(topic=found["topic"].map(mentions.names))

    def changes(self, mentions: Mentions, *, survey: str | None = None) -> pd.DataFrame:
        """Return how the corrected shares changed; see `cx.topics.corrected_change`."""
        if mentions.study.compare_to is None:
            raise ValueError("coding: there is no earlier period to compare with; set `compare_to`.")
        rows, coded = self._of_period(mentions, survey, mentions.study.period)
        before, coded_before = self._of_period(mentions, survey, mentions.study.compare_to)
        earlier = coded_before if len(coded_before) >= OTHERS else None
        found = corrected_change(before, rows, earlier, coded, weight=mentions.design(survey).weight)
        return found.assign(topic=found["topic"].map(mentions.names))

    def agreement(self, mentions: Mentions, *, seed: int = 0) -> pd.DataFrame:
        """Return how far the first two coders agree; see `cx.topics.agreement`."""
        if len(self.coders) < 2:
            raise ValueError("agreement: one person coded; let a second one code some of the same comments.")
        first, second = list(self.coders.values())[:2]
        found = agreement(first, second, seed=seed)
        return found.assign(topic=found["topic"].map(mentions.names))

    def _of_period(self, mentions: Mentions, survey: str | None, period: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the comments of a period and what people found in them."""
        # What the machine said, also where people's codes stand in its place.
        machine = indicators(mentions.sentences, mentions.ids, mentions.answers.index)
        place = mentions.answers.assign(**machine, _place=mentions.answers.index)
        rows = replace(mentions, answers=place).rows(survey, period).set_index("_place")
        agreed = self.agreed
        return rows, agreed[agreed.index.isin(rows.index)]


def sample(mentions: Mentions, n: int = 400, *, everything: bool = False, seed: int = 0) -> pd.DataFrame:
    """Return comments of the run's period to be coded by hand, at random within what the machine says of them.

    Parameters
    ----------
    mentions
        What the machine found, without people's codes.
    n
        How many are wished for; at least 50 of each topic and 200 of no topic are taken, or all where there are fewer.
    everything
        Take every comment.
    seed
        Of the draw.

    Returns
    -------
    pandas.DataFrame
        Rows of `mentions.answers`, in an order that tells nothing.

    Raises
    ------
    ValueError
        If the period has no comments.

    Examples
    --------
    >>> from cxresearch.prove.topics import planted
    >>> len(sample(planted(), everything=True))
    200
    """
    rows = mentions.answers[mentions.answers["period"].eq(mentions.study.period)]
    if rows.empty:
        raise ValueError(f"sample: {mentions.study.period} has no comments that were modelled.")
    rng = np.random.default_rng(seed)
    sizes = rows["main"].value_counts()
    least = pd.Series({name: min(size, POSITIVES if name else OTHERS) for name, size in sizes.items()})
    more = max(n - int(least.sum()), 0) / max(int((sizes - least).sum()), 1)
    wanted = sizes if everything else (least + np.floor((sizes - least) * min(more, 1.0))).astype(int)
    taken = [rng.choice(part.index, int(wanted[name]), replace=False) for name, part in rows.groupby("main")]
    return rows.loc[rng.permutation(np.concatenate(taken))]


def write_workbook(path: str | Path, rows: pd.DataFrame, topics: pd.DataFrame) -> Path:
    """Write comments into an XLSX file in which people code them.

    Parameters
    ----------
    path
        The file to make; its folder is readable by its owner only.
    rows
        As `sample` gives them.
    topics
        One row a topic: `id`, `topic`, `words`.

    Returns
    -------
    Path
        The file: a sheet of comments with five columns for codes, and one of the codebook. Comments bear an id that
        names nobody; what looks like a formula is text.
    """
    from openpyxl import Workbook
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    sheet = book.active
    sheet.title = COMMENTS
    heads = [ID, "text", *(f"code {number + 1}" for number in range(N_CODES))]
    _write_rows(sheet, [heads, *zip(protected_ids(rows), rows["verbatim"].fillna(""), strict=True)])
    listed = book.create_sheet(CODEBOOK)
    _write_rows(listed, [["code", "words"], *zip(topics["topic"], topics["words"], strict=True), [NONE, ""]])
    choice = DataValidation("list", formula1=f"={CODEBOOK}!$A$2:$A${len(topics) + 2}", allow_blank=True)
    choice.add(f"C2:{chr(ord('B') + N_CODES)}{len(rows) + 1}")
    sheet.add_data_validation(choice)
    sheet.column_dimensions["B"].width, sheet.freeze_panes = 90, "C2"
    target = Path(path)
    make_private(target.parent)
    write_atomic(target, book.save)
    return target


def read_workbook(path: str | Path, mentions: Mentions) -> pd.DataFrame:
    """Return what a person coded in a workbook.

    Parameters
    ----------
    path
        What `write_workbook` made, filled in.
    mentions
        What the machine found.

    Returns
    -------
    pandas.DataFrame
        One row a comment that was coded (its place in `mentions.answers`), one column a topic, zeros and ones. A
        comment counts as coded where it has a code; `none` says that no topic holds.

    Raises
    ------
    StudyError
        If the file is none of these, a comment is unknown or stands twice, a code is unknown, or nothing is coded.
    """
    source = Path(path)
    table = _read(source)
    places = dict(zip(protected_ids(mentions.answers), mentions.answers.index, strict=True))
    unknown = int((~table[ID].isin(list(places))).sum())
    if unknown:
        raise StudyError(
            f"{shown(source)}: {unknown} of {len(table)} comments are not among those of this study; code the workbook "
            "that `cxresearch topics sample` made of the same data."
        )
    if twice := int(table[ID].duplicated().sum()):
        raise StudyError(f"{shown(source)}: {twice} comments stand twice; keep one row of each.")
    given = table.drop(columns=[ID, "text"], errors="ignore")
    given = given.map(lambda cell: " ".join(str(cell).split()).casefold() if pd.notna(cell) else "")
    given = given[given.ne("").any(axis=1)]
    if given.empty:
        raise StudyError(f"{shown(source)}: no comment is coded; fill in the columns `code 1` to `code {N_CODES}`.")
    names = {" ".join(name.split()).casefold(): key for key, name in mentions.names.items()}
    wrong = sorted(set(given.to_numpy().ravel()) - {"", NONE, *names})
    if wrong:
        rows = int(given.isin(wrong).any(axis=1).sum())
        raise StudyError(
            f"{shown(source)}: {rows} comments have a code that the codebook does not know; known are "
            f"{', '.join([*mentions.names.values(), NONE])}."
        )
    coded = {key: given.eq(name).any(axis=1).astype("int64") for name, key in names.items()}
    return pd.DataFrame(coded).set_axis(table.loc[given.index, ID].map(places).to_numpy())[mentions.ids]


def write_codes(path: str | Path, coders: dict[str, pd.DataFrame], mentions: Mentions) -> None:
    """Write what people coded into the study's `coding.yaml`, beside what other coders did; no text is in it."""
    from ruamel.yaml import YAML

    target, yaml = Path(path), YAML()
    content: dict[str, Any] = read_yaml(target) if target.is_file() else {}
    ids = pd.Series(protected_ids(mentions.answers), mentions.answers.index)
    for name, frame in coders.items():
        holds = {key: " ".join(ids[frame.index[frame[key].eq(1)]]) for key in frame}
        content[name] = {"coded": " ".join(ids[frame.index]), **{key: found for key, found in holds.items() if found}}
    yaml.width = 10**9

    def write(file: Path) -> None:
        """Write the file."""
        with file.open("w", encoding="utf-8") as stream:
            yaml.dump(content, stream)

    write_atomic(target, write)


def read_codes(path: str | Path, mentions: Mentions) -> Codes:
    """Return what people coded, as `coding.yaml` holds it.

    Raises
    ------
    StudyError
        If the file is wrong, or names a topic that there is not.
    """
    source = Path(path)
    places = dict(zip(protected_ids(mentions.answers), mentions.answers.index, strict=True))
    coders, strangers = {}, 0
    for name, parts in read_yaml(source).items():
        if not isinstance(parts, dict) or "coded" not in parts:
            raise StudyError(f"{shown(source)}: {name!r} has no `coded:`; write the file by `cxresearch topics code`.")
        if unknown := next((key for key in parts if key not in ("coded", *mentions.ids)), None):
            raise StudyError(
                f"{shown(source)}: {name!r} names the unknown topic {unknown!r}; {nearest(unknown, mentions.ids)}."
            )
        listed = str(parts["coded"]).split()
        known = [one for one in listed if one in places]
        strangers += len(listed) - len(known)
        holds = {key: set(str(parts.get(key, "")).split()) for key in mentions.ids}
        frame = pd.DataFrame({key: [int(one in found) for one in known] for key, found in holds.items()})
        coders[name] = frame.set_axis([places[one] for one in known])
    return Codes(coders, strangers)


def accuracy(mentions: Mentions, codes: Codes, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Return how far the machine finds what people find.

    Parameters
    ----------
    mentions
        What the machine found, without people's codes.
    codes
        What people found.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        Two rows a topic: `topic`, `measure` (`precision`: of the comments in which the machine sees the topic, the
        share in which people do; `recall`: of those in which people see it, the share in which the machine does), then
        a result frame with Wilson's interval.

    Notes
    -----
    Each coded comment stands for as many as its stratum has for each that was coded: R `svyciprop` on a stratified
    sample.
    """
    agreed = codes.agreed
    rows = mentions.answers[mentions.answers["period"].isin(mentions.answers.loc[agreed.index, "period"].unique())]
    stratum = rows["period"] + " " + rows["main"]
    size, coded = stratum.value_counts(), stratum[agreed.index].value_counts()
    base = mentions.answers.loc[agreed.index].assign(stratum=stratum[agreed.index])
    base = base.assign(weight=base["stratum"].map(size / coded))
    parts = []
    for key, name in mentions.names.items():
        for measure, given, counted in (("precision", base[key], agreed[key]), ("recall", agreed[key], base[key])):
            frame = base.assign(found=counted)[given.eq(1)]
            found = proportion(frame, column="found", weight="weight", strata="stratum", conf_level=conf_level)
            found.insert(0, "measure", measure)
            found.insert(0, "topic", name)
            parts.append(found)
    return pd.concat(parts, ignore_index=True).astype({"topic": "str", "measure": "str"})


def protected_ids(rows: pd.DataFrame) -> list[str]:
    """Return for each answer an id from which nobody can tell the answer's own without having it."""
    named = rows["response_id"] if "response_id" in rows else pd.Series(rows.index, rows.index)
    times = rows["responded_at"] if "responded_at" in rows else pd.Series("", rows.index)
    return [digest(str(one), str(when))[:16] for one, when in zip(named, times, strict=True)]


def _write_rows(sheet: Any, rows: list[Any]) -> None:
    """Write rows as text, whatever they look like."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    for number, row in enumerate(rows, start=1):
        for place, text in enumerate(row, start=1):
            cell = sheet.cell(number, place)
            cell.value = ILLEGAL_CHARACTERS_RE.sub("", str(text))[:LONGEST_CELL]
            cell.data_type, cell.quotePrefix = "s", True


def _read(source: Path) -> pd.DataFrame:
    """Return the sheet of comments of a workbook."""
    try:
        table = pd.read_excel(source, sheet_name=COMMENTS, dtype="str", keep_default_na=False, na_values=[""])
    except FileNotFoundError:
        raise StudyError(f"{shown(source)}: there is no such file; check the path.") from None
    except Exception:  # whatever a broken workbook makes openpyxl raise
        raise StudyError(
            f"{shown(source)}: this is no workbook of `cxresearch topics sample`; give that one."
        ) from None
    if ID not in table or not any(str(name).startswith("code ") for name in table):
        raise StudyError(
            f"{shown(source)}: the sheet {COMMENTS} has no columns `{ID}` and `code 1`; keep its first row."
        )
    return table[[ID, *(name for name in table if str(name).startswith("code "))]].dropna(how="all")
