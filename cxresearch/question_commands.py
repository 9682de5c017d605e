"""The commands around inserted questions: the plan of a wave, and whether an assignment is what its plan says."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer

from cxresearch.strict_yaml import StudyError, shown

RunFile = Annotated[Path, typer.Argument(metavar="PARAMS", help="A run file, such as params/demo-2026q3.yaml.")]
Told = Callable[[], AbstractContextManager[None]]


def commands(told: Told) -> typer.Typer:
    """Return the commands; `told` turns every error into a sentence."""
    app = typer.Typer(no_args_is_help=True)

    @app.command("plan-questions")
    def plan_questions(
        run_file: RunFile,
        wave: Annotated[str | None, typer.Option(help="The wave; by default the first after the run's period.")] = None,
        out: Annotated[Path | None, typer.Option(help="Folder to write to; assignments/<study>/ by default.")] = None,
    ) -> None:
        """Plan a wave of inserted questions and write who is asked what. It holds ids of customers: keep it private."""
        with told():
            from cxresearch.questions import assignment_file, bank, plan
            from cxresearch.questions.eligible import assignment_of
            from cxresearch.questions.plan import next_wave
            from cxresearch.study import load_run, load_study
            from cxresearch.study_data import load

            run = load_run(run_file)
            study = load(load_study(run.study_path), run.period, run.compare_to)
            folder = out or assignment_file.assignments_folder(study.definition.folder)
            questions = bank(study)
            wanted = wave or next_wave(study, assignment_of(questions))
            planned = plan(study, questions, wanted, previous=assignment_file.last_record(folder, wanted))
            written = assignment_file.write(planned, folder)
            for row in planned.wording.itertuples():
                print(f"look at {row.question} ({row.rule}, {row.where}): {row.advice}")
            units = int(planned.arms["n"].sum())
            arms = ", ".join(f"{row.arm} {row.n:,}" for row in planned.arms.itertuples())
            print(f"Wave {planned.wave}, plan {planned.short}: {units:,} units are assigned ({arms}).")
            print(f"{shown(folder / planned.wave)}.csv {'was written' if written else 'is as it was'}.")

    @app.command("verify-assignment")
    def verify_assignment(
        file: Annotated[Path, typer.Argument(metavar="CSV", help="An assignment; its plan.json lies beside it.")],
    ) -> None:
        """Compute an assignment again from its plan and key, and say how many rows differ."""
        with told():
            from cxresearch.questions.assignment_file import verify

            found = verify(file)
            wrong = found[found["differ"] > 0]
            for row in wrong.itertuples():
                print(f"{row.check}: {row.differ:,} of {row.rows:,} rows differ")
            if len(wrong):
                raise StudyError(f"{shown(file)} is not what its plan and key give.")
            print(f"{shown(file)} is what its plan and key give: {found['rows'].iloc[0]:,} rows.")

    return app
