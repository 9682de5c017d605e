"""Texts as points: equal texts once, kept by their hashes, weights checked, handles taken out."""

import numpy as np
import pytest

from cxresearch.strict_yaml import StudyError
from cxresearch.topics import addressees, embed, vectors
from cxresearch.topics.embed import open_embedding


def points_of(texts):
    return np.array([[len(text), text.count("a")] for text in texts], np.float32)


def test_only_new_texts_are_computed_and_equal_ones_once(project):
    asked = []

    def compute(texts):
        asked.append(list(texts))
        return points_of(texts)

    first = vectors.cached(["a", "bb", "a"], "model", compute)
    second = vectors.cached(["bb", "ccc"], "model", compute)
    assert asked == [["a", "bb"], ["ccc"]]
    assert np.array_equal(first, points_of(["a", "bb", "a"]))
    assert np.array_equal(second, points_of(["bb", "ccc"]))


def test_each_model_has_points_of_its_own(project):
    vectors.cached(["a"], "one", points_of)
    assert vectors.cached(["a"], "other", lambda texts: points_of(texts) + 1).tolist() == [[2, 2]]


def test_many_small_files_become_one_and_nothing_is_lost(project):
    texts = [f"{'a' * number}b" for number in range(30)]
    for text in texts:
        vectors.cached([text], "model", points_of)
    files = list((project / ".cache" / vectors.KIND / "model").glob("*.npz"))
    assert len(files) <= vectors.MOST_FILES + 1
    assert np.array_equal(vectors.cached(texts, "model", None), points_of(texts))


def test_no_text_is_kept(project):
    vectors.cached(["my secret comment"], "model", points_of)
    kept = b"".join(path.read_bytes() for path in (project / ".cache").rglob("*") if path.is_file())
    assert b"secret" not in kept


def test_tfidf_puts_like_texts_near_and_unknown_ones_nowhere():
    texts = ["router slow", "slow router again", "bill wrong", "wrong bill again", "staff friendly"]
    points = open_embedding("tfidf", texts).points([*texts, "zzz"])
    assert np.allclose(np.linalg.norm(points[:5], axis=1), 1, atol=1e-6)
    assert points[0] @ points[1] > 0.5 > points[0] @ points[2]
    assert not points[5].any()


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(StudyError, match="neither"):
        open_embedding(str(tmp_path))


def test_other_weights_are_refused(monkeypatch):
    monkeypatch.setattr(embed, "MINILM_WEIGHTS", "0" * 64)
    with pytest.raises(StudyError, match="not the known ones"):
        open_embedding("minilm")


def test_a_frequent_handle_moves_no_point():
    rng = np.random.default_rng(0)
    themes = rng.normal(size=(2, 8))
    shift = 3 * rng.normal(size=8)
    theme, named = rng.integers(0, 2, 400), rng.integers(0, 2, 400).astype(bool)
    texts = ["@united hello" if one else "hello" for one in named]
    points = (themes[theme] + named[:, None] * shift + 0.1 * rng.normal(size=(400, 8))).astype(np.float32)
    handles, shifts = addressees.learn(texts, points)
    assert handles == ("@united",)
    moved = addressees.take_out(texts, points, handles, shifts)
    cosines = moved @ moved.T
    same = theme[:, None] == theme
    assert cosines[same].min() > 0.5
    assert cosines[~same].max() < -0.5


def test_minilm_is_that_of_sentence_transformers(project):
    from sentence_transformers import SentenceTransformer

    model = open_embedding("minilm")
    texts = [
        "The app is slow",
        "A friendly technician came on time, and he stayed until it worked",
        "The app is slow",
        "the  APP is slow",
    ]
    ours = model.points(texts)
    theirs = SentenceTransformer(model.folder, device="cpu", local_files_only=True).encode(texts)
    assert (ours * theirs).sum(1).min() >= 0.999
    assert np.array_equal(ours[0], ours[2])
    # Equal tokens are computed once: MiniLM knows no capital letters.
    assert np.array_equal(ours[0], ours[3])


def test_a_point_is_the_same_to_the_last_bit_whatever_is_embedded_with_it():
    model, words = (
        open_embedding("minilm"),
        ["the", "app", "is", "slow", "and", "nobody", "answers", "my", "calls", "about", "it", "again"],
    )
    texts = [" ".join(words[start : start + size]) for size in range(1, 9) for start in range(13 - size)]
    order = np.random.default_rng(0).permutation(len(texts))
    apart = np.empty((len(texts), 384), np.float32)
    for part in np.split(order, [1, 4, 9, 40]):
        apart[part] = embed._encode(model, [texts[row] for row in part])
    assert np.array_equal(apart, embed._encode(model, texts))


def test_the_model_is_loaded_in_silence(project, capfd):
    embed._load.cache_clear()
    open_embedding("minilm").points(["The app is slow."])
    assert capfd.readouterr() == ("", "")
