"""The command line: `cxresearch --help` lists it. What is heavy is imported where it is needed."""

import json
import os
import re
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from cxresearch.action_commands import commands as action_commands
from cxresearch.cache import store
from cxresearch.question_commands import commands as question_commands
from cxresearch.report.failure import ReportError
from cxresearch.strict_yaml import StudyError, shown
from cxresearch.topic_commands import commands as topic_commands

FAILED, WRONG_INPUT, INTERRUPTED = 1, 2, 130
GIGABYTE = 10**9

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Customer-experience research: from raw survey exports to a report a reviewer can trust.",
)
RunFile = Annotated[Path, typer.Argument(metavar="PARAMS", help="A run file, such as params/demo-2026q3.yaml.")]


@app.command()
def report(
    run_files: Annotated[
        list[Path], typer.Argument(metavar="PARAMS…", help="Run files, such as params/demo-2026q3.yaml; params/*.yaml.")
    ],
    jobs: Annotated[int, typer.Option(min=1, help="Notebooks at a time, of all runs together.")] = 2,
    timeout: Annotated[int, typer.Option(min=1, help="Seconds that one cell may take.")] = 600,
    memory: Annotated[
        float | None, typer.Option(min=0.1, help="GB that one notebook may use; no limit if unset.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Run every notebook, whatever is cached.")] = False,
    on: Annotated[
        str, typer.Option(metavar="WHERE", help="local, or the address of a Dask scheduler: tcp://host:8786.")
    ] = "local",
) -> None:
    """Make the reports of run files; what has not changed is not run again."""
    from cxresearch.report.many import make_reports
    from cxresearch.report.run import Options

    with _told():
        limit = int(memory * GIGABYTE) if memory else None
        ended = make_reports(run_files, Options(jobs, timeout, limit, force, on), Console(stderr=True))
        code = 0
        if len(ended) > 1:
            code = _print_ended(ended)
        elif ended[0].problem:
            raise ended[0].problem
        else:
            _print_made(ended[0].made)
    if code:
        raise typer.Exit(code)


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="A published folder, such as reports/demo-2026q3/latest.")],
    known_id: Annotated[
        str, typer.Option("--id", metavar="ID", help="The content id that you were told when it was published.")
    ] = "",
) -> None:
    """See whether a published folder still is what was published, and name every file that differs.

    Nothing is signed: compare the content id with the one you were told, for a folder can be rewritten with its name.
    """
    from cxresearch.report.manifest import CONTENT_ID, ID_LENGTH, manifest_digest
    from cxresearch.report.manifest import verify as differences

    with _told():
        if not folder.is_dir():
            raise StudyError(
                f"{shown(folder)}: there is no such folder; give a published one, such as reports/…/latest."
            )
        if known_id and not re.fullmatch(rf"[0-9a-f]{{{ID_LENGTH},64}}", known_id):
            raise StudyError(f"--id: a content id is {ID_LENGTH} to 64 letters and digits from 0-9 and a-f; give such.")
        problems = differences(folder, known_id)
        for problem in problems:
            print(problem)
        if problems:
            count = "1 difference" if len(problems) == 1 else f"{len(problems)} differences"
            raise ReportError(f"{shown(folder)} is not what was published: {count}.")
        print(f"{shown(folder)} is what was published: content id {manifest_digest(folder)[:ID_LENGTH]}.")
        if not known_id and not CONTENT_ID.fullmatch(folder.resolve().name):
            print("The folder has a name of its own, so its manifest is taken at its word: give the id with --id.")


@app.command()
def diff(
    before: Annotated[Path, typer.Argument(help="A published folder, such as reports/demo-2026q3/0123456789abcdef.")],
    after: Annotated[Path, typer.Argument(help="Another one, such as reports/demo-2026q3/latest.")],
    top: Annotated[int, typer.Option(min=0, help="How many numbers and tables are listed.")] = 20,
    tier: Annotated[str | None, typer.Option(help="Compare this tier: analyst, team or public.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with every number.")] = False,
    unverified: Annotated[
        bool, typer.Option("--unverified", help="Compare folders even if they are not what was published.")
    ] = False,
) -> None:
    """Say which numbers differ between two published reports, and what changed of all that they rest on."""
    with _told():
        from cxresearch.report.diff import diff as compared
        from cxresearch.report.diff import show

        found = compared(before, after, tier, unverified=unverified)
        if as_json:
            print(json.dumps(found.to_json(), indent=1, ensure_ascii=False))
        else:
            show(found, Console(), top)


@app.command()
def check(
    run_file: RunFile,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what of a study's exports would be accepted, set aside or refused, and whether its report can be made."""
    with _told():
        from cxresearch.check import check as checked_run

        checked = _with_notebooks(checked_run(run_file), run_file)
        if as_json:
            print(json.dumps({"tables": asdict(checked)["tables"]}, indent=1, ensure_ascii=False))
            if checked.refused:
                print(checked.refused, file=sys.stderr)
        else:
            _print_checked(checked, shown(run_file))
    if not checked.ready:
        raise typer.Exit(WRONG_INPUT)


@app.command()
def prove(
    names: Annotated[list[str] | None, typer.Argument(help="Names of checks; all by default.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A part of the worlds; nothing is written.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
) -> None:
    """Hold every estimator to worlds whose truth is known, and write docs/validity.md."""
    from cxresearch.prove.checks import prove_all

    with _told():
        broken = prove_all(names, Console(stderr=True), quick=quick, jobs=jobs)
        if broken:
            raise ReportError(f"{broken} claims did not hold; docs/validity.md or the lines above say which.")


@app.command("next")
def next_period(run_file: RunFile) -> None:
    """Write the run file of the next period beside this one, and say whether its answers are there."""
    from cxresearch.next_run import answers_in, write_next

    with _told():
        made = write_next(run_file)
        period = made.run.period
        print(f"{shown(made.path)} was written: period {period}, compared with {made.run.compare_to or 'none'}.")
        try:
            answers = answers_in(made.run)
        except StudyError as error:
            print(f"The study's data cannot be read yet: {error}")
        else:
            print(
                f"The study has {f'{answers:,}' if answers else 'no'} answers in {period}{'' if answers else ' yet'}."
            )
        print(f"Next: cxresearch report {shown(made.path)}")


@app.command()
def init(
    exports: Annotated[list[Path], typer.Argument(metavar="EXPORT…", help="Exports of a survey, CRM and billing.")],
    out: Annotated[Path, typer.Option(help="The study's folder to make, such as data/mine.")],
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: what is not sure stands in the study file.")] = False,
    title: Annotated[str | None, typer.Option(help="The study's title.")] = None,
) -> None:
    """Make a study of some exports: copies, a study file and a run file, each guess with its confidence and reason."""
    with _told():
        from cxresearch.check import check as checked_run
        from cxresearch.init.make import make_study, summary

        asks = sys.stdin.isatty() and sys.stdout.isatty() and not yes
        made = make_study(exports, out, title=title, ask=input if asks else None)
        for line in summary(made):
            print(line)
        if made.question:
            raise StudyError(made.question)
        checked = checked_run(made.run_file)
        _print_checked(checked, shown(made.run_file))
    if not checked.ready:
        raise typer.Exit(WRONG_INPUT)


@app.command()
def demo() -> None:
    """Write the exports of the synthetic study, whose truth is known, to data/demo."""
    with _told():
        from cxresearch import demo as company
        from cxresearch.study import project_root

        files = company.build(project_root() / "data" / "demo")
        print(f"{len(files)} files were written to data/demo.")


def main() -> None:
    """Run the command line; a wrong input ends in one sentence, never in a traceback."""
    app()


@contextmanager
def _told() -> Iterator[None]:
    """Turn every error into one sentence and an exit code, and the end by SIGTERM into an orderly one."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    except KeyboardInterrupt:
        _end("stopped; nothing was published.", INTERRUPTED)
    except Exception as error:
        _end(*_judged(error))


app.add_typer(topic_commands(_told), name="topics")
app.add_typer(question_commands(_told))
app.add_typer(action_commands(_told))


def _judged(error: Exception) -> tuple[str, int]:
    """Return the sentence and the exit code for an error, its traceback kept where it is not told in full."""
    if isinstance(error, StudyError):
        return str(error), WRONG_INPUT
    if isinstance(error, ReportError):
        if error.__cause__:
            _logged(error)
        return str(error), FAILED
    return f"{type(error).__name__} in cxresearch itself; {_logged(error)}.", FAILED


def _print_made(made: Any) -> None:
    """Say what was done for a report, and where it lies."""
    print(f"Nothing changed: {made.pages} pages are as they were." if made.unchanged else _work_done(made))
    for line in made.restated:
        print(line)
    print(f"Open {made.address}")


def _print_ended(ended: list[Any]) -> int:
    """Say of each of several runs what became of it, and return the exit code of the worst."""
    codes = [0]
    for one in ended:
        print(one.name)
        if one.problem:
            sentence, code = _judged(one.problem)
            codes.append(code)
            print(sentence)
        elif one.made:
            _print_made(one.made)
        else:
            sentence, address = one.overview
            print(f"{sentence}\nOpen {address}")
        print()
    made = sum(one.made is not None for one in ended)
    print(f"{made} reports are made, {len(codes) - 1} failed.")
    return max(codes)


def _work_done(made: Any) -> str:
    """Return how many notebooks ran and were kept, and how long all of it took."""
    ran = len(made.took)
    return f"{ran} of {made.pages} notebooks ran, {made.pages - ran} were kept: {made.seconds:.1f} s in all."


def _end(sentence: str, code: int) -> NoReturn:
    """Say why and leave; what a file holds may stand in the sentence, but nothing that a terminal would obey."""
    print("".join(sign if sign.isprintable() or sign == "\n" else "?" for sign in sentence), file=sys.stderr)
    raise typer.Exit(code)


def _logged(error: Exception) -> str:
    """Keep the traceback of an exception and return where; printed only where no project, so no data, is found."""
    text = "".join(traceback.format_exception(error))
    name = f"error-{os.getpid()}.log"
    try:
        # Of several runs several may fail.
        store().write_bytes("logs", name, (store().read_bytes("logs", name) or b"") + text.encode())
    except StudyError:
        return text
    except OSError:
        return "the details could not be kept, for .cache/logs cannot be written"
    return f".cache/logs/{name} has the details"


def _with_notebooks(checked: Any, run_file: Path) -> Any:
    """Return what would become of a run, refused where its file names notebooks or parameters that are not there."""
    from cxresearch.report.plan import refuse_unknown
    from cxresearch.study import load_run

    if checked.ready:
        try:
            refuse_unknown(load_run(run_file))
        except StudyError as error:
            return replace(checked, refused=str(error))
    return checked


def _print_checked(checked: Any, name: str) -> None:
    """Print a table of what was found, and each refusal as a sentence of its own."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"Rows read for {name}", title_justify="left")
    table.add_column("Table")
    for column in ("Rows", "Accepted", "Set aside"):
        table.add_column(column, justify="right")
    table.add_column("What was found", overflow="fold")
    for row, found in checked.tables.items():
        numbers = [found.rows_in, found.accepted, found.rows_in - found.accepted]
        table.add_row(row, *(f"{number:,}" for number in numbers), Text("\n".join(_told_of(found))))
    if checked.tables:
        Console().print(table)
    for sentence in [checked.refused, *(found.refused for found in checked.tables.values())]:
        if sentence:
            print(sentence, file=sys.stderr)
    if checked.ready:
        print(f"Ready: make report RUN={name}")


def _told_of(found: Any) -> list[str]:
    """Return a line for each thing that was found in a table."""
    kinds = {"set aside": found.quarantined, "mended": found.normalised, "look at": found.flags}
    lines = ["refused, see below"] if found.refused else []
    for kind, things in kinds.items():
        for one in things:
            where = f"{one.column}: " if one.column else ""
            rows = f" ({one.rows:,})" if one.rows else ""
            lines.append(f"{kind}: {where}{one.rule}{rows}")
    return lines


if __name__ == "__main__":
    main()
