"""The command around single customers: the list of whom to come back to."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer

from cxresearch.strict_yaml import shown

RunFile = Annotated[Path, typer.Argument(metavar="PARAMS", help="A run file, such as params/demo-2026q3.yaml.")]
Told = Callable[[], AbstractContextManager[None]]


def commands(told: Told) -> typer.Typer:
    """Return the commands; `told` turns every error into a sentence."""
    app = typer.Typer(no_args_is_help=True)

    @app.command()
    def actions(
        run_file: RunFile,
        out: Annotated[Path, typer.Option(help="Folder to write to, outside of reports/ and of what git keeps.")],
    ) -> None:
        """Write whom to come back to, why, by whom and until when. It names customers: keep it private."""
        with told():
            from cxresearch.closed_loop import action_list
            from cxresearch.closed_loop.action_file import write
            from cxresearch.study import load_run, load_study
            from cxresearch.study_data import load

            run = load_run(run_file)
            study = load(load_study(run.study_path), run.period, run.compare_to)
            found = action_list(study)
            files = write(found, out, f"actions-{study.definition.folder.name}-{study.period}")
            for row in found.counts.itertuples():
                print(f"{row.reason}, {row.owner}: {row.n:,}, of which {row.urgent:,} of high impact")
            for row in found.left_out[found.left_out["rows"] > 0].itertuples():
                print(f"left out, {row.reason}: {row.rows:,}")
            print(f"{len(found.rows):,} customers are in {shown(files[0])} and {files[1].name}.")

    return app
