"""`cx.load`: the accepted tables of a study, read once and cached; `cx.results`: what the notebooks of a run found."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxresearch import comparability, periods
from cxresearch.accepted_tables import Quality, Tables
from cxresearch.cache import Store, digest, file_digest, store, write_atomic
from cxresearch.intake.accept import NOTES, Accepted, accept
from cxresearch.intake.redact import redacted
from cxresearch.intake.segments import SEGMENTED, outcome_segments, with_segments
from cxresearch.notebook_errors import tell_in_sentences
from cxresearch.progress import tracked
from cxresearch.reads import MOMENTS, RESULTS, note_read
from cxresearch.schema import Study
from cxresearch.strict_yaml import StudyError, nearest
from cxresearch.study import data_key, inputs, level_key, load_study, pages_of_results, planned_only, source_files

if TYPE_CHECKING:
    from pyarrow import parquet

    from cxresearch.present.payload import Payload
    from cxresearch.weights import StudyWeights

KIND = "tables"
# Words of the texts that may be names, for a person to look through: private, and on no page.
REVIEW = "review"
COMPLETE = "complete"
QUALITY = {"tables": "counts", "quarantine": "quarantine", "notes": "notes"}
# More groups than this are no segment to read at a glance.
MOST_LEVELS = 12


@dataclass(frozen=True)
class StudyData:
    """A study's accepted tables as they stand for one reporting period.

    Attributes
    ----------
    definition
        The study file.
    period, compare_to
        Names of the reporting period and of the one it is compared with (None where there is none).
    periods
        Periods with answers up to `period`, in order.
    quality
        What intake counted.
    tables
        The accepted tables by name, read when first asked for; each is also an attribute, as in `study.responses`.
    weighting
        How the answers were weighted, where the study file asks for `weights:`.
    only
        The levels that are looked at, by segment; empty where all are.
    key
        Digest of all that the tables depend on.
    """

    definition: Study
    period: str
    compare_to: str | None
    periods: list[str]
    quality: Quality
    tables: Mapping[str, pd.DataFrame] = field(repr=False)
    weighting: "StudyWeights | None" = field(default=None, repr=False)
    only: Mapping[str, str] = field(default_factory=dict)
    key: str = field(default="", repr=False)

    def __getattr__(self, name: str) -> pd.DataFrame:
        """Return a table."""
        if name.startswith("_") or name == "tables":
            raise AttributeError(name)
        try:
            return self.table(name)
        except KeyError as error:
            raise AttributeError(error.args[0]) from None

    def __dir__(self) -> list[str]:
        """Return the attributes and tables, for tab completion."""
        return [*super().__dir__(), *self.tables]

    @property
    def primary(self) -> str:
        """The metric of the headline."""
        return self.definition.primary

    @cached_property
    def breaks(self) -> dict[str, list[str]]:
        """For each metric, the periods from which on it was asked in another way than before.

        `cx.quality.comparability` gives the reasons.
        """
        return comparability.breaks(comparability.comparability(self))

    def segments(self, answers: pd.DataFrame) -> list[str]:
        """Return the segments that some answers know, those of over 12 groups left out."""
        known = [name for name in self.definition.segments if name in answers]
        return [name for name in known if answers[name].nunique() <= MOST_LEVELS]

    @property
    def bounds(self) -> tuple[pd.Timestamp, pd.Timestamp] | None:
        """First moment of the reporting period and first moment after it; None for `all`."""
        period = periods.parse(self.period, self.definition.fiscal_year_start)
        if period is None:
            return None
        return pd.Timestamp(period.start()), pd.Timestamp(period.end()) + pd.Timedelta(days=1)

    def has(self, name: str) -> bool:
        """Return whether the study has a table."""
        return name in self.tables

    def table(self, name: str) -> pd.DataFrame:
        """Return a table.

        Raises
        ------
        KeyError
            If the study has no such table.
        """
        if name not in self.tables:
            raise KeyError(f"the study has no table {name!r}; {nearest(name, list(self.tables))}.")
        return self.tables[name]

    def answers(self, survey: str = "relationship", period: str | None = None) -> pd.DataFrame:
        """Return the rows that a headline number rests on.

        Parameters
        ----------
        survey
            `relationship` (the latest answer of each customer and period) or `transactional` (every answer).
        period
            A period's name, `all` for all of them; the run's own by default.
        """
        rows = self.responses
        rows = rows[rows["survey"].eq(survey)]
        wanted = self.period if period is None else period
        if wanted != periods.ALL:
            rows = rows[rows["period"].eq(wanted)]
        return latest(rows) if survey == "relationship" else rows.reset_index(drop=True)


def latest(responses: pd.DataFrame) -> pd.DataFrame:
    """Return the latest answer of each customer in each period; anonymous answers are all kept.

    Parameters
    ----------
    responses
        Answers with `period`, and `customer_id` and `responded_at` where there are any. Of two answers at the same
        moment the one with the later `response_id` counts.
    """
    if not {"customer_id", "responded_at"} <= set(responses):
        return responses.reset_index(drop=True)
    order = [name for name in ("responded_at", "response_id") if name in responses]
    rows = responses.sort_values(order, kind="stable")
    older = rows["customer_id"].notna() & rows.duplicated(["customer_id", "period"], keep="last")
    return rows[~older].sort_index().reset_index(drop=True)


def load(
    study: str | Path | Study,
    period: str | None = None,
    compare_to: str | None = "previous",
    only: Mapping[str, str] | None = None,
) -> StudyData:
    """Return a study's accepted tables for a reporting period.

    Parameters
    ----------
    study
        A name under `data/`, the path of a study.yaml, or a study file already read.
    period
        `2026Q3`, `2026H1`, `2026-07`, `2026-W30`, `2026`, `2026-09-R12` (twelve months to September) or `all`; `all`
        by default.
    compare_to
        The period to compare with; `previous` is the one just before, if it has answers.
    only
        Levels to look at, such as `{"region": "Nordheide"}`, of segments or of columns of the answers; what belongs to
        other levels is left out, as `selection.selected` says. In a report about some levels it always is.

    Returns
    -------
    StudyData
        Its tables hold answers up to the end of `period`.

    Raises
    ------
    StudyError
        If the study file or its data are wrong, or the period has no answers.

    Examples
    --------
    >>> study = load("demo", period="2026Q3")
    >>> study.period, study.compare_to
    ('2026Q3', '2026Q2')
    >>> north = load("demo", period="2026Q3", only={"region": "Nordheide"})
    >>> north.answers()["region"].unique().tolist()
    ['Nordheide']
    """
    tell_in_sentences()
    definition = study if isinstance(study, Study) else load_study(study)
    key = fill(definition)
    wanted = _period(period or periods.ALL, definition)
    asked = _asked_in(key, wanted, definition)
    found = sorted(asked.dropna().unique())
    name = str(wanted) if wanted else periods.ALL
    if name not in found:
        _refuse_period(name, found)
    up_to = [one for one in found if one <= name]
    other = _compare_to(compare_to, wanted, up_to, definition)
    reads = {table: partial(_read, key, table) for table in definition.tables}
    tables = Tables({**reads, "responses": partial(_responses, key, asked, up_to)})
    data = _weighted(StudyData(definition, name, other, up_to, _quality(key), tables, key=key))
    levels = {**(only or {}), **planned_only(definition)}
    if not levels:
        return data
    from cxresearch.selection import selected

    return selected(data, levels)


def _weighted(study: StudyData) -> StudyData:
    """Return a study with the weights that its file asks for."""
    if study.definition.weights is None:
        return study
    from cxresearch.weights import study_weights

    found = study_weights(study)
    responses = study.responses.assign(weight=found.weights)
    reads = {name: partial(study.table, name) for name in study.tables}
    return replace(study, tables=Tables({**reads, "responses": lambda: responses}), weighting=found)


def asked(study: Study, kind: str) -> list[str]:
    """Return the periods of a kind in which a study has answers, in order; `all` alone where answers have no date.

    Parameters
    ----------
    study
        A study file.
    kind
        `quarter`, `half`, `month`, `week` or `year`.

    Raises
    ------
    StudyError
        If the data are wrong.
    """
    given = _cached(fill(study), "responses", MOMENTS)
    if "responded_at" not in given.schema_arrow.names:
        return [periods.ALL]
    return sorted(_named(_column(given, "responded_at"), kind, study).dropna().unique())


def fill(study: Study) -> str:
    """Return the key of a study's accepted tables in the cache, reading the exports if it is not there yet."""
    key = data_key(study)
    if not _is_whole(key, store()):
        _fill(study, key, store())
    return key


def segments_of_all(study: Study) -> pd.DataFrame:
    """Return the segments of all accepted responses: a row a response, a column a segment; nothing else is read."""
    with _cached(fill(study), "responses") as given:
        known = [name for name in study.segments if name in given.schema_arrow.names]
        return pd.DataFrame({name: _column(given, name) for name in known})


def results(study: str | Path | Study | StudyData, period: str | None = None) -> dict[str, pd.DataFrame]:
    """Return what the other notebooks of the newest run of a study recorded.

    Parameters
    ----------
    study
        A study, as for `load`, or its loaded tables.
    period
        The reporting period; that of the loaded tables by default.

    Returns
    -------
    dict of pandas.DataFrame
        Result frames by `notebook/key`; empty where no run of this study, its present data and this period is cached.
    """
    return {payload.source: payload.to_frame() for payload in recorded(study, period)}


def recorded(study: str | Path | Study | StudyData, period: str | None = None) -> "list[Payload]":
    """Return the outputs of `results` with all that goes with them, not protected.

    Parameters
    ----------
    study, period
        As for `results`.
    """
    from cxresearch.present.payload import Payload

    period = period or (study.period if isinstance(study, StudyData) else periods.ALL)
    key = _key_of(study)
    note_read(RESULTS, key)
    pages = pages_of_results(key, period)
    if pages is None:
        cached = store().read_json("results", digest(key, period)) or {}
        return [Payload.from_json(found) for outputs in cached.values() for found in outputs.values()]
    kept = [store().read_json("payloads", page) for page in pages]
    if None in kept:
        raise StudyError("cx.results: a report's results are there for 00-summary alone, which runs after all others.")
    return [Payload.from_json(found) for outputs in kept for found in outputs or []]


def parts(key: str, cache: Store) -> dict[str, str]:
    """Return the digest of each part of a study's accepted tables that may be read, by `key`; none where none is kept.

    Parameters
    ----------
    key
        What `fill` returns.
    cache
        The project's store.
    """
    return cache.read_json(KIND, f"{key}-{COMPLETE}") or {}


def _is_whole(key: str, cache: Store) -> bool:
    """Return whether all tables of a study are kept as they were written."""
    kept = parts(key, cache)
    files = [(cache.path(KIND, f"{key}-{name}.parquet"), kept[name]) for name in kept if name != MOMENTS]
    return bool(files) and all(path.is_file() and file_digest(path) == written for path, written in files)


def _key_of(study: str | Path | Study | StudyData) -> str:
    """Return the digest of all that a study's tables depend on; in a report about some levels, of theirs."""
    if isinstance(study, StudyData) and study.key:
        return study.key
    found = study.definition if isinstance(study, StudyData) else study
    definition = found if isinstance(found, Study) else load_study(found)
    return level_key(data_key(definition), planned_only(definition))


def _fill(study: Study, key: str, cache: Store) -> None:
    """Read every table of a study into the cache; the marker is written last."""
    files = source_files(study)
    names = tracked(study.tables, "Reading exports, once", len(study.tables))
    accepted = {name: accept(study, name, files[name]) for name in names}
    # Files and tables may change before or while they are read; what is kept under a key must be what it stands for.
    if data_key(study, inputs(study)) != key:
        raise StudyError("the data changed while they were read; run it again.")
    frames, redaction, review = redacted({name: part.frame for name, part in accepted.items()}, study)
    if frames["responses"].empty:
        raise StudyError(
            f"tables.responses: no response is left of {_rows_in(accepted['responses'])} rows "
            f"(most often: {accepted['responses'].quarantine['rule'].mode()[0]})."
        )
    audits = []
    for name in SEGMENTED:
        if name in frames:
            frames[name], audit = with_segments(frames[name], name, frames.get("customers"), study)
            audits.append(audit)
    quality = {name: pd.concat([getattr(one, part) for one in accepted.values()]) for name, part in QUALITY.items()}
    made = pd.DataFrame(outcome_segments(study)).assign(table="responses", file="").reindex(columns=NOTES)
    quality["notes"] = pd.concat([quality["notes"], made.astype(quality["notes"].dtypes)])
    quality |= {"joins": pd.concat(audits, ignore_index=True), "wordings": accepted["responses"].wordings}
    quality["redaction"] = redaction
    kept = {}
    for name, frame in {**frames, **{f"quality-{name}": part for name, part in quality.items()}}.items():
        target = cache.path(KIND, f"{key}-{name}.parquet")
        write_atomic(target, frame.reset_index(drop=True).to_parquet)
        kept[name] = file_digest(target)
    moments = frames["responses"].get("responded_at")
    kept[MOMENTS] = kept["responses"] if moments is None else digest(moments.to_numpy().tobytes())
    write_atomic(cache.path(REVIEW, f"{study.folder.name}.csv"), partial(review.to_csv, index=False))
    cache.write_json(KIND, f"{key}-{COMPLETE}", kept)


def _rows_in(accepted: Accepted) -> int:
    """Return how many rows a table had."""
    return int(accepted.counts["rows_in"].sum())


def _cached(key: str, name: str, part: str = "") -> "parquet.ParquetFile":
    """Return one cached frame, open and not yet read; `part` names what of it will be, where that is not all."""
    from pyarrow import parquet

    note_read(part or name, key)
    try:
        return parquet.ParquetFile(store().path(KIND, f"{key}-{name}.parquet"))
    except FileNotFoundError:
        raise StudyError("the cache was emptied meanwhile; load the study again.") from None


def _column(given: "parquet.ParquetFile", name: str) -> pd.Series:
    """Return one column of a cached frame."""
    return given.read([name]).to_pandas()[name]


def _read(key: str, name: str, kept: np.ndarray | None = None) -> pd.DataFrame:
    """Return one cached frame, or those of its rows that are kept."""
    with _cached(key, name) as given:
        # Column by column, so that never two copies of the whole are held.
        rows = slice(None) if kept is None or kept.all() else kept
        columns = {column: _column(given, column).array[rows] for column in given.schema_arrow.names}
        return pd.DataFrame(columns, copy=False)


def _quality(key: str) -> Quality:
    """Return intake's counts."""
    names = (*QUALITY, "joins", "wordings", "redaction")
    return Quality(Tables({name: partial(_read, key, f"quality-{name}") for name in names}))


def _period(text: str, study: Study) -> periods.Period | None:
    """Return the reporting period."""
    try:
        return periods.parse(text, study.fiscal_year_start)
    except ValueError as error:
        raise StudyError(str(error)) from None


def _asked_in(key: str, wanted: periods.Period | None, study: Study) -> pd.Series:
    """Return the name of the period in which each response was given."""
    given = _cached(key, "responses", MOMENTS)
    if wanted is None:
        return pd.Series(periods.ALL, range(given.metadata.num_rows), dtype="str")
    if "responded_at" not in given.schema_arrow.names:
        raise StudyError(f"period {wanted}: the study has no `responded_at:` column; use `period: all`.")
    return _named(_column(given, "responded_at"), wanted.kind, study)


def _named(moments: pd.Series, kind: str, study: Study) -> pd.Series:
    """Return the name of the period in which each moment lies."""
    # A period is named once for each day, not for each response.
    codes, days = pd.factorize(moments.dt.normalize())
    names = [str(periods.containing(day.date(), kind, study.fiscal_year_start)) for day in days]
    return pd.Series([*names, pd.NA], dtype="str").take(codes).reset_index(drop=True)


def _responses(key: str, asked: pd.Series, up_to: list[str]) -> pd.DataFrame:
    """Return the responses of some periods, with the name of the period in which each was given."""
    kept = asked.isin(up_to)
    return _read(key, "responses", kept.to_numpy()).assign(period=asked[kept].array)


def _refuse_period(name: str, found: list[str]) -> None:
    """Raise because a period has no answers."""
    has = f"it has {found[0]} to {found[-1]}" if found else "it has none at all"
    raise StudyError(f"period {name}: the study has no answers in it; {has}.")


def _compare_to(text: str | None, wanted: periods.Period | None, found: list[str], study: Study) -> str | None:
    """Return the period to compare with."""
    if text == "previous":
        before = str(wanted.previous()) if wanted else None
        return before if before in found else None
    if text is None or text in found:
        return text
    other = _period(text, study)
    if wanted and (other is None or other.kind != wanted.kind):
        raise StudyError(f"compare_to {text}: {wanted} is compared with periods like {wanted.previous()}; name one.")
    raise StudyError(
        f"compare_to {text}: the study has no answers in it up to the period; it has {found[0]} to {found[-1]}."
    )
