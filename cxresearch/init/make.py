"""`init`: exports are copied into a study's folder, beside a study file and a run file that say what they mean."""

import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from os.path import relpath
from pathlib import Path

from cxresearch import periods
from cxresearch.cache import make_private
from cxresearch.init.ask import Ask, asked
from cxresearch.init.draft import Draft, Drafts
from cxresearch.init.drafts import drafts
from cxresearch.init.exports import called, read_exports
from cxresearch.init.guess import Guess
from cxresearch.init.moments import reporting_period
from cxresearch.init.study_text import one_line, run_text, study_text
from cxresearch.strict_yaml import StudyError, shown
from cxresearch.study import load_study, project_root

NAME = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Made:
    """What was written.

    Attributes
    ----------
    study_file, run_file
        The two files.
    drafts
        The tables as guessed (and answered).
    """

    study_file: Path
    run_file: Path
    drafts: Drafts

    @property
    def question(self) -> str:
        """The first question that must be answered before anything runs, as a sentence; "" where there is none."""
        found = self.drafts.questions
        if not found:
            return ""
        more = f" ({len(found) - 1} more after this one.)" if len(found) > 1 else ""
        asks = found[0].question.rstrip(".")
        asks += "." if "?" in asks else "?"
        return (
            f"{shown(self.study_file)} is written but not complete: {found[0].role}: {asks} Answer it there, on a "
            f"line that begins with `# ?`, then run `.venv/bin/cxresearch check params/{self.run_file.name}`.{more}"
        )


def make_study(
    exports: list[Path],
    out: Path,
    *,
    title: str | None = None,
    ask: Ask | None = None,
    tell: Callable[[str], None] = print,
) -> Made:
    """Make a study of some exports: a folder with copies of them, a study file and a run file.

    Parameters
    ----------
    exports
        Files of any kind that intake reads; they stay as they are.
    out
        The folder to make, such as data/mine.
    title
        The study's title; made from the folder's name by default.
    ask, tell
        How questions are asked and shown; without `ask` they are written into the study file.

    Raises
    ------
    StudyError
        If the study is there already, an export cannot be read, or none holds answers. Then nothing is written.
    """
    out = out.absolute()
    run_file = project_root() / "params" / f"{out.name}.yaml"
    _refuse_existing(out, run_file)
    _refuse_doubles(exports)
    contents, unread = read_exports(exports)
    found = drafts(contents)
    found = replace(found, left_out={**found.left_out, **unread})
    if ask:
        found = asked(found, ask, tell)
    make_private(out.parent)
    staged = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        sources = {draft.name: _copied(draft, staged) for draft in found.tables}
        text = study_text(title or out.name.replace("_", " ").replace("-", " ").capitalize(), found, sources)
        (staged / "study.yaml").write_text(text, encoding="utf-8")
        _refuse_unreadable(staged / "study.yaml", out / "study.yaml")
        _write_run(out, run_file, found)
        staged.replace(out)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        run_file.unlink(missing_ok=True)
        raise
    return Made(out / "study.yaml", run_file, found)


def summary(made: Made) -> list[str]:
    """Return what was found, a line a table: names of columns and roles, never a cell."""
    lines = []
    for draft in made.drafts.tables:
        taken = [guess for guess in draft.guesses if guess.taken]
        rows = next(iter(draft.profiles.values())).rows
        files = (
            called(draft.files[0], draft.sheet).rstrip(",") if len(draft.files) == 1 else f"{len(draft.files)} files"
        )
        lines.append(f"{draft.name}: {rows:,} rows of {files}; {', '.join(map(_told, taken))}")
        if draft.personal:
            lines.append(f"  never taken in (personal): {', '.join(one_line(name, 40) for name in draft.personal)}")
        lines += [
            f"  not sure: {one_line(guess.role)} from {one_line(guess.columns[0], 60)}"
            for guess in draft.guesses
            if not guess.taken
        ]
    return lines + [f"{name} was left out: it {why}" for name, why in made.drafts.left_out.items()]


def _told(guess: Guess) -> str:
    """Return an entry in a few words."""
    many = guess.role == "drivers" or guess.place == "sets"
    return (
        f"{guess.role} ({len(guess.columns)} columns)"
        if many and len(guess.columns) > 1
        else f"{guess.role} from {one_line(guess.columns[0], 40)}"
    )


def _refuse_unreadable(written: Path, wanted: Path) -> None:
    """Raise if the study file cannot be read back; the folder in which it was tried is nobody's business."""
    try:
        load_study(written)
    except StudyError as error:
        told = str(error).replace(shown(written), shown(wanted))
        raise StudyError(f"{told.rstrip('.')}; nothing was written.") from None


def _refuse_existing(out: Path, run_file: Path) -> None:
    """Raise if there is something where the study is to be."""
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise StudyError(
            f"{shown(out)}: is there already and is never overwritten; give another --out, or take it away."
        )
    if not NAME.fullmatch(out.name):
        raise StudyError(f"--out: {out.name!r} is no name for a study; use letters, digits, - and _, as in data/mine.")
    if run_file.exists():
        raise StudyError(f"{shown(run_file)}: is there already and is never overwritten; give --out another name.")


def _refuse_doubles(exports: list[Path]) -> None:
    """Raise if an export is no file, or two bear the same name."""
    for path in exports:
        if not path.is_file():
            raise StudyError(f"{shown(path)}: there is no such file; check the path.")
    names = Counter(_safe(path.name) for path in exports)
    double = next((name for name, times in names.items() if times > 1), None)
    if double:
        raise StudyError(f"two of the exports are called {double!r}; rename one of them, or give it once.")


def _copied(draft: Draft, folder: Path) -> str:
    """Copy a table's exports into the study's folder and return its `source:`."""
    # Answers have a folder of their own: next quarter's export is put beside the first.
    several = len(draft.files) > 1 or draft.name == "responses"
    target = folder / draft.name if several else folder
    make_private(target)
    for path in draft.files:
        shutil.copyfile(path, target / _safe(path.name))
    if not several:
        return _safe(draft.files[0].name)
    endings = {"".join(path.suffixes[-2:]) if path.suffixes[-1:] == [".gz"] else path.suffix for path in draft.files}
    return f"{draft.name}/*{endings.pop() if len(endings) == 1 else ''}"


def _safe(name: str) -> str:
    """Return a file name without signs that mean something in a pattern, and visible."""
    return re.sub(r"[\[\]*?]", "_", name).lstrip(".~$") or "export"


def _write_run(out: Path, run_file: Path, found: Drafts) -> None:
    """Write the run file; it is there whole or not at all."""
    here = out.parent == project_root() / "data"
    study = out.name if here else relpath(out / "study.yaml", run_file.parent)
    period, reason = _period(found)
    make_private(run_file.parent)
    run_file.write_text(run_text(study, period, reason), encoding="utf-8")


def _period(found: Drafts) -> tuple[str, str]:
    """Return the period to report, and why."""
    responses = found.table("responses")
    when = responses.guess("responded_at") if responses else None
    if responses is None or when is None or not when.taken:
        return periods.ALL, "the answers bear no date that is sure"
    return reporting_period(responses.profiles[when.columns[0]], when.setting.get("format"))
