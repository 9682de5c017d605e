"""The answers of a study made ready for a driver model: gaps of three kinds told apart, counted and dealt with."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cxresearch.drivers.imputation import completed
from cxresearch.metrics.sources import columns_of, rows_of
from cxresearch.stats.design import Floats
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["NOT_APPLICABLE", "Prepared", "over_periods", "prepare"]

# Intake's column beside a driver's: whether a code said that there was nothing to rate.
NOT_APPLICABLE = "_not_applicable"
# Parts of a study that may have been shown another set of questions.
PLANNED_BY = ("period", "arm", "module", "mode", "language")
# Fewer answers than this in such a part, all without a rating, may be chance.
FEWEST_SHOWN = 20
# A driver is left out with fewer ratings than this, or if more than this share of its gaps would have to be guessed.
FEWEST_RATED, MOST_GUESSED = 30, 0.5
COPIES = 20
RATED, STRUCTURAL, PLANNED, REFUSED = "rated", "not_applicable", "not_shown", "refused"


@dataclass(frozen=True)
class Prepared:
    """Complete answers for a driver model, as `importance` and the checks take them.

    Attributes
    ----------
    frames
        Completed copies of the answers; one where nothing had to be imputed.
    outcome, drivers, controls
        Columns of the model. Controls hold one yes/no column for each driver that does not apply to everyone.
    weight, cluster
        Names of the design's columns, None without.
    groups
        Drivers by the groups of the study file.
    rated
        The ratings as given, by driver: missing in every gap.
    missing
        One row a driver: `driver`, `answers`, `rated`, `not_applicable`, `not_shown`, `refused`, `treatment`.
    left_out
        One row a driver or answer kind that is not used: `what`, `answers`, `reason`.
    owners
        Who owns each driver, as the study file's `owners:` says.
    """

    frames: tuple[pd.DataFrame, ...] = field(repr=False)
    outcome: str
    drivers: list[str]
    controls: list[str]
    weight: str | None
    cluster: Any
    groups: dict[str, list[str]]
    rated: pd.DataFrame = field(repr=False)
    missing: pd.DataFrame
    left_out: pd.DataFrame
    owners: dict[str, str]

    @property
    def frame(self) -> pd.DataFrame:
        """The first completed copy."""
        return self.frames[0]

    @property
    def arguments(self) -> dict[str, Any]:
        """What a model of `frame` is called with."""
        named = {"outcome": self.outcome, "drivers": self.drivers, "controls": self.controls}
        return {**named, "weight": self.weight, "cluster": self.cluster}


def prepare(
    study: "StudyData",
    outcome: str | None = None,
    drivers: Sequence[str] | None = None,
    *,
    controls: Sequence[str] = (),
    n_periods: int = 1,
    survey: str | None = None,
    copies: int = COPIES,
    seed: int = 0,
) -> Prepared:
    """Return a study's answers made ready for a driver model.

    Parameters
    ----------
    study
        As `cx.load` gives it.
    outcome
        A column of the responses; the study's primary metric by default.
    drivers
        Columns of the responses; those under `drivers:` of the study file by default.
    controls
        Further columns that are always in the model, such as segments; where one is blank, that is a level of its own.
    n_periods
        How many periods up to the run's are taken together; of several, each keeps its own level in the model.
    survey
        `relationship` or `transactional`; by default the first in which the drivers were rated.
    copies
        Completed copies made where ratings were refused or not shown; at least 2.
    seed
        Of the imputation.

    Returns
    -------
    Prepared
        Complete copies, the counts of each kind of gap, and what was left out and why.

    Raises
    ------
    StudyError
        If the study has no drivers, or fewer than two are left.

    Notes
    -----
    A code of `missing:` says that there was *nothing to rate* (structural): the mean rating is filled in, and a yes/no
    column that is always in the model takes up whatever it stands for, so that the filled value changes nothing (dummy
    adjustment; right for what does not exist, wrong for refusals: Jones 1996). A driver that nobody in a whole period,
    arm, module, mode or language rated was *not shown* there (planned). Every other blank, and every code of
    `refused:`, is *refused*. The last two are imputed `copies` times.

    Examples
    --------
    >>> import cxresearch as cx
    >>> prepared = prepare(cx.load("demo", period="2026Q3"), copies=2)
    >>> prepared.drivers
    ['network', 'speed', 'value', 'billing', 'app', 'staff', 'repair']
    >>> bool(prepared.frame[prepared.drivers].isna().any(axis=None))
    False
    """
    names = list(drivers or study.definition.drivers)
    if not names:
        raise StudyError("the study file names no `drivers:`; list the rated aspects under tables.responses.columns.")
    if copies < 2:
        raise StudyError(f"copies: found {copies}; Rubin's rules compare at least 2 completed copies.")
    wanted = outcome or study.primary
    periods = study.periods[-n_periods:]
    rows, asked_in = _answers(study, [wanted, *names], survey, periods)
    kinds = {name: _kinds(rows, name) for name in names}
    known, why = _usable(rows, kinds)
    if len(known) < 2:
        raise StudyError(f"drivers: {len(known)} of {len(names)} can be used; a driver model needs at least 2.")
    silent = np.logical_and.reduce([kinds[name] != RATED for name in known])
    used = rows[~silent].reset_index(drop=True)
    frames, flags = _filled(used, {name: kinds[name][~silent] for name in known}, wanted, copies, seed)
    design = columns_of(study, rows, asked_in)
    held, frames = _with_controls(frames, [*controls, *["period"] * (len(periods) > 1)])
    return Prepared(
        frames=tuple(frames),
        outcome=wanted,
        drivers=known,
        controls=[*flags, *held],
        weight=design.weight,
        cluster=design.cluster,
        groups=_groups(study, known),
        rated=used[known].astype("float64"),
        missing=_counts(kinds, known),
        left_out=_left_out(why, int(silent.sum())),
        owners=_owners(study, names),
    )


def over_periods(study: "StudyData", n_periods: int) -> "StudyData":
    """Return a study that names all periods whose answers are taken, for what is shown of them.

    Parameters
    ----------
    study
        As `cx.load` gives it.
    n_periods
        As for `prepare`.

    Examples
    --------
    >>> import cxresearch as cx
    >>> over_periods(cx.load("demo", period="2026Q3"), 4).period
    '2025Q4 to 2026Q3'
    """
    taken = study.periods[-n_periods:]
    return replace(study, period=f"{taken[0]} to {taken[-1]}") if len(taken) > 1 else study


def _answers(study: "StudyData", names: list[str], survey: str | None, periods: list[str]) -> tuple[pd.DataFrame, str]:
    """Return the answers with an outcome of the survey in which the drivers were rated, and that survey."""
    for name in names:
        if name not in study.responses:
            raise StudyError(f"the responses have no column {name!r}; name it in the study file.")
    outcome, *drivers = names
    for one in [survey] if survey else ["relationship", "transactional"]:
        rows = pd.concat([rows_of(study, one, period) for period in periods])
        rows = rows[rows[outcome].notna()].reset_index(drop=True)
        if len(rows) and rows[drivers].notna().any(axis=None):
            return rows, one
    raise StudyError(f"drivers: no answer of {periods[-1]} has both {outcome} and a rating; see the exports.")


def _kinds(rows: pd.DataFrame, driver: str) -> np.ndarray:
    """Return for each answer whether a driver was rated, did not apply, was not shown or was refused."""
    blank = rows[driver].isna()
    flag = f"{driver}{NOT_APPLICABLE}"
    structural = blank & rows.get(flag, False)
    hidden = pd.Series(False, rows.index)
    for part in (name for name in PLANNED_BY if name in rows):
        groups = (blank & ~structural).groupby(rows[part])
        nobody = groups.transform("all") & (groups.transform("size") >= FEWEST_SHOWN)
        hidden |= nobody.astype("boolean").fillna(False).astype(bool)
    return np.select([~blank, structural, hidden], [RATED, STRUCTURAL, PLANNED], REFUSED)


def _usable(rows: pd.DataFrame, kinds: dict[str, np.ndarray]) -> tuple[list[str], dict[str, tuple[int, str]]]:
    """Return the drivers that a model can hold, and of the others their ratings and why."""
    known: list[str] = []
    why: dict[str, tuple[int, str]] = {}
    for name, kind in kinds.items():
        rated, asked = int((kind == RATED).sum()), int((kind != STRUCTURAL).sum())
        twin = next((other for other in known if _alike(rows[name], rows[other])), None)
        if rated < FEWEST_RATED:
            why[name] = rated, f"fewer than {FEWEST_RATED} ratings"
        elif rows[name].nunique() < 2:
            why[name] = rated, "everybody gave the same rating"
        elif asked - rated > MOST_GUESSED * asked:
            why[name] = (
                rated,
                f"over {MOST_GUESSED:.0%} of its ratings are blank; if it does not apply to them, code it",
            )
        elif twin:
            why[name] = rated, f"the same ratings as {twin}"
        else:
            known.append(name)
    return known, why


def _alike(one: pd.Series, other: pd.Series) -> bool:
    """Return whether two drivers were rated alike, one a straight line of the other, wherever both were rated."""
    both = one.notna() & other.notna()
    if both.sum() < FEWEST_RATED or one[both].nunique() < 2 or other[both].nunique() < 2:
        return False
    return bool(abs(np.corrcoef(one[both], other[both])[0, 1]) > 1 - 1e-9)


def _filled(
    rows: pd.DataFrame, kinds: dict[str, np.ndarray], outcome: str, copies: int, seed: int
) -> tuple[list[pd.DataFrame], list[str]]:
    """Return completed copies, and the yes/no columns of what did not apply."""
    names = list(kinds)
    structural = np.column_stack([kinds[name] == STRUCTURAL for name in names])
    gaps = np.column_stack([(kinds[name] == REFUSED) | (kinds[name] == PLANNED) for name in names])
    ratings = rows[names].to_numpy(dtype=float)
    ratings = np.where(structural, np.nanmean(ratings, axis=0), ratings)
    flags = _independent(structural, names)
    beside = np.column_stack([rows[outcome].to_numpy(dtype=float), *flags.values()])
    found = [rows.assign(**dict(zip(names, copy.T, strict=True)), **flags)
             for copy in completed(ratings, gaps, beside, copies, seed)]  # fmt: skip
    return found, list(flags)


def _independent(structural: np.ndarray, names: list[str]) -> dict[str, Floats]:
    """Return the yes/no columns of what did not apply, without those that the ones before already tell."""
    kept: dict[str, Floats] = {}
    held = np.ones((len(structural), 1))
    for name, column in zip(names, structural.T.astype(float), strict=True):
        tried = np.column_stack([held, column])
        if np.linalg.matrix_rank(tried) > held.shape[1]:
            held, kept[f"{name}{NOT_APPLICABLE}"] = tried, column
    return kept


def _with_controls(frames: list[pd.DataFrame], controls: list[str]) -> tuple[list[str], list[pd.DataFrame]]:
    """Return copies whose controls are complete: numbers by their mean, texts by a level of their own."""
    for name in controls:
        if name not in frames[0]:
            raise StudyError(f"controls: the responses have no column {name!r}; name one that the study file has.")
        column = frames[0][name]
        is_number = pd.api.types.is_numeric_dtype(column.dtype)
        whole = column.fillna(column.mean()) if is_number else column.astype("str").fillna("not known")
        frames = [frame.assign(**{name: whole}) for frame in frames]
    return [name for name in controls if frames[0][name].nunique() > 1], frames


def _groups(study: "StudyData", drivers: list[str]) -> dict[str, list[str]]:
    """Return the study file's groups of the drivers in use; those in none form `other`."""
    column = study.definition.responses.columns.get("drivers")
    declared = {} if column is None else column.groups
    groups = {name: [one for one in members if one in drivers] for name, members in declared.items()}
    loose = [name for name in drivers if not any(name in members for members in groups.values())]
    kept = {name: members for name, members in groups.items() if members}
    return {**kept, "other": loose} if kept and loose else kept


def _counts(kinds: dict[str, np.ndarray], known: list[str]) -> pd.DataFrame:
    """Return how many answers rated each driver, and how many left a gap of each kind."""
    rows = [{"driver": name, "answers": len(kind)} | {part: int((kind == part).sum())
            for part in (RATED, STRUCTURAL, PLANNED, REFUSED)} | {"treatment": _treatment(kind, name in known)}
            for name, kind in kinds.items()]  # fmt: skip
    return pd.DataFrame(rows).astype({"driver": "str", "treatment": "str"})


def _treatment(kind: np.ndarray, is_used: bool) -> str:
    """Return what is done about a driver's gaps, in words."""
    if not is_used:
        return "left out"
    adjusted = ["adjusted where it does not apply"] * bool((kind == STRUCTURAL).any())
    imputed = ["other gaps imputed"] * bool(np.isin(kind, [PLANNED, REFUSED]).any())
    return ", ".join(adjusted + imputed) or "complete"


def _left_out(why: dict[str, tuple[int, str]], silent: int) -> pd.DataFrame:
    """Return what the model does without."""
    rows = [(name, rated, reason) for name, (rated, reason) in why.items()]
    rows += [("answers", silent, "no driver rated at all")] * bool(silent)
    columns = ["what", "answers", "reason"]
    return pd.DataFrame(rows, columns=columns).astype({"what": "str", "answers": "int64", "reason": "str"})


def _owners(study: "StudyData", drivers: list[str]) -> dict[str, str]:
    """Return who owns each driver: by its own name, else by that of its group."""
    column = study.definition.responses.columns.get("drivers")
    of_group = {one: name for name, members in (column.groups if column else {}).items() for one in members}
    owners = study.definition.owners
    found = {name: owners.get(name) or owners.get(of_group.get(name, ""), "") for name in drivers}
    return {name: owner for name, owner in found.items() if owner}
