"""The commands around topics: the codebook, comments to be coded by hand, and what people found in them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any

import typer

from cxresearch.strict_yaml import StudyError, shown

NOTEBOOK = "05-topics"
RunFile = Annotated[Path, typer.Argument(metavar="PARAMS", help="A run file, such as params/demo-2026q3.yaml.")]
Told = Callable[[], AbstractContextManager[None]]


def commands(told: Told) -> typer.Typer:
    """Return the commands; `told` turns every error into a sentence."""
    app = typer.Typer(no_args_is_help=True, help="Topics of comments: the codebook, and coding by hand.")

    @app.command()
    def codebook(run_file: RunFile) -> None:
        """Write the study's codebook.yaml, or add topics that it lacks; comments and edits are kept."""
        with told():
            _listed(*_loaded(run_file))

    @app.command()
    def sample(
        run_file: RunFile,
        n: Annotated[int, typer.Option("--n", min=1, help="Comments wished for; 50 a topic are the least.")] = 400,
        everything: Annotated[bool, typer.Option("--all", help="Every comment of the period.")] = False,
        out: Annotated[Path | None, typer.Option(help="The workbook to make; beside the study by default.")] = None,
    ) -> None:
        """Write comments into a workbook in which people code them. It holds what customers wrote: keep it private."""
        with told():
            from cxresearch.topics.coding import sample as sampled
            from cxresearch.topics.coding import write_workbook
            from cxresearch.topics.study_mentions import mentions

            study, settings = _loaded(run_file)
            # Codes are kept under the ids of the codebook, which outlive the model; so there must be one.
            _listed(study, settings)
            found = mentions(study, by_hand=False, **settings)
            path = out or study.definition.folder / f"coding-{study.period}.xlsx"
            if "reports" in path.resolve().parts:
                raise StudyError(f"{shown(path)}: reports hold no comments of customers; name another folder.")
            if path.exists():
                raise StudyError(
                    f"{shown(path)}: is there already, and may hold codes; move it, or give another --out."
                )
            rows = sampled(found, n, everything=everything, seed=settings["seed"])
            write_workbook(path, rows, found.topics)
            print(f"{len(rows)} comments are in {shown(path)}. Fill in the codes, then:")
            print(f"cxresearch topics code {shown(run_file)} {path}")

    @app.command()
    def code(
        run_file: RunFile,
        workbooks: Annotated[list[Path], typer.Argument(metavar="XLSX…", help="A coded workbook of each coder.")],
    ) -> None:
        """Read coded workbooks, one a coder, into the study's coding.yaml; the report then rests on them."""
        with told():
            from cxresearch.topics.coding import read_workbook, write_codes
            from cxresearch.topics.study_mentions import CODES, mentions

            study, settings = _loaded(run_file)
            found = mentions(study, by_hand=False, **settings)
            names = [path.stem for path in workbooks]
            if len(set(names)) < len(names):
                raise StudyError(
                    "topics code: two workbooks bear the same name, which stands for the coder; rename one."
                )
            coders = {path.stem: read_workbook(path, found) for path in workbooks}
            write_codes(study.definition.folder / CODES, coders, found)
            counts = ", ".join(f"{len(frame)} comments of {name}" for name, frame in coders.items())
            print(f"{counts} are in {shown(study.definition.folder / CODES)}.")

    return app


def _listed(study: Any, settings: dict[str, Any]) -> None:
    """Write the study's codebook, or add the topics that it lacks, and tell."""
    from cxresearch.topics.codebook import write_codebook
    from cxresearch.topics.study_mentions import CODEBOOK, model_topics

    path = study.definition.folder / CODEBOOK
    if added := write_codebook(path, model_topics(study, **settings)):
        print(f"{shown(path)}: {len(added)} topics were added. Give them names and owners, then make the report.")
    else:
        print(f"{shown(path)}: has all topics of the model.")


def _loaded(run_file: Path) -> tuple[Any, dict[str, Any]]:
    """Return the study of a run, and how its notebook of topics embeds and fits."""
    from cxresearch.study import load_run, load_study
    from cxresearch.study_data import load

    run = load_run(run_file)
    own = run.notebooks.get(NOTEBOOK, {})
    settings: dict[str, Any] = {name: own[name] for name in ("embedding", "mode") if name in own}
    study = load(load_study(run.study_path), run.period, own.get("compare_to", run.compare_to))
    return study, {**settings, "seed": own.get("seed", run.seed)}
