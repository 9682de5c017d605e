"""A topic model as it is kept: the same centroids and thresholds for every period."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxresearch.cache import make_private, write_atomic
from cxresearch.strict_yaml import StudyError, shown
from cxresearch.topics.embed import Embedding

FORMAT = 1
OUTLIER, OUTLIER_LABEL = -1, "no topic"


@dataclass(frozen=True)
class TopicModel:
    """Topics of texts, frozen: whatever is scored later is scored by these centroids and thresholds.

    Attributes
    ----------
    topics
        One row a topic, the largest first, the texts without one (`topic` −1) last: `topic` (int), `label` and
        `words` (c-TF-IDF with MMR), `n` (texts that name it; a text can name several), `share` (of the modelled
        texts, 0–1), `parent` (number of the wider theme, −1 for none) and `parent_label`, `threshold` (least cosine
        of a text that names it).
    centroids
        float32, topics × dimensions, of unit length; row i belongs to topic i.
    embedding
        How texts become points.
    assignments
        The fitted texts by the frozen scorer, as `assign` returns them.
    settings
        Mode, seed, and what was chosen from the texts: plain JSON.
    """

    topics: pd.DataFrame
    centroids: NDArray[np.float32]
    embedding: Embedding
    assignments: pd.DataFrame
    settings: dict[str, Any]

    def save(self, folder: str | Path) -> Path:
        """Write the model into a folder (safetensors, parquet, JSON) that its owner alone can read; returns it."""
        from safetensors.numpy import save

        target = Path(folder)
        make_private(target)
        arrays = {"centroids": self.centroids, **self.embedding.arrays}
        blob = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
        facts = {"format": FORMAT, "embedding": self.embedding.describe(), "settings": self.settings}
        write_atomic(target / "arrays.safetensors", lambda path: path.write_bytes(blob))
        write_atomic(target / "topics.parquet", self.topics.to_parquet)
        write_atomic(target / "assignments.parquet", self.assignments.to_parquet)
        write_atomic(target / "model.json", lambda path: path.write_text(json.dumps(facts, ensure_ascii=False)))
        return target


def load(folder: str | Path) -> TopicModel:
    """Return a topic model that was saved.

    Parameters
    ----------
    folder
        What `TopicModel.save` wrote.

    Returns
    -------
    TopicModel

    Raises
    ------
    StudyError
        If the folder holds no such model, or one of another version.
    """
    from pyarrow import ArrowInvalid
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    source = Path(folder)
    try:
        facts = json.loads((source / "model.json").read_text())
        if facts.get("format") != FORMAT:
            raise StudyError(f"{shown(source)}: a topic model of another version; fit it again.")
        arrays = load_file(source / "arrays.safetensors")
        frames = [pd.read_parquet(source / f"{name}.parquet") for name in ("topics", "assignments")]
        centroids, parts = arrays.pop("centroids"), facts["embedding"]
    except StudyError:
        raise
    except (OSError, ValueError, KeyError, ArrowInvalid, SafetensorError, AttributeError):
        raise StudyError(f"{shown(source)}: this is no saved topic model; check the path, or fit it again.") from None
    lists = {
        name: None if parts[name] is None else tuple(parts[name]) for name in ("languages", "vocabulary", "handles")
    }
    embedding = Embedding(**{**parts, **lists, "arrays": arrays})
    return TopicModel(frames[0], centroids, embedding, frames[1], facts["settings"])
