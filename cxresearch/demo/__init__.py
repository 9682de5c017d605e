"""Halden Telecom: a synthetic company with a planted truth, written as raw exports of its source systems."""

from pathlib import Path
from typing import TYPE_CHECKING

from cxresearch.demo import planted

if TYPE_CHECKING:
    from cxresearch.demo.world import World


def build(folder: str | Path, seed: int = planted.SEED) -> list[Path]:
    """Write the raw exports of Halden Telecom and its truth.yaml.

    The files written by hand (study.yaml, questions.yaml, initiatives.yaml) are not touched.

    Parameters
    ----------
    folder
        The study's folder; made if it is not there.
    seed
        Seed of the whole company; the committed files come from the default.

    Returns
    -------
    list of pathlib.Path
        The files written, byte for byte the same for the same seed.
    """
    from cxresearch.demo.world import simulate

    paths = []
    for name, content in files(simulate(seed), seed).items():
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        paths.append(path)
    return paths


def files(world: "World", seed: int = planted.SEED) -> dict[str, bytes]:
    """Return what `build` writes.

    Parameters
    ----------
    world
        The company, from `cxresearch.demo.world.simulate`.
    seed
        Seed that made it.

    Returns
    -------
    dict
        Path below the study's folder to content.
    """
    from cxresearch.demo.exports import exports
    from cxresearch.demo.truth import truth_text

    return exports(world) | {"truth.yaml": truth_text(world, seed).encode()}
