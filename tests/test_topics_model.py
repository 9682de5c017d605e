"""Topics: found again, saved and scored alike, hostile texts answered by a sentence or a sound result."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from cxresearch.strict_yaml import StudyError
from cxresearch.topics import assign, fit, load, stability
from cxresearch.topics.clusters import cut, group, neighbours, silhouette, ward
from cxresearch.topics.scorer import MARGIN

THEMES = {
    "billing": "bill invoice charged amount payment",
    "coverage": "signal reception network coverage dropouts",
    "staff": "staff friendly agent helpful polite",
    "repair": "technician repair appointment visit engineer",
    "price": "price expensive cheaper tariff discount",
    "router": "router wifi modem restart firmware",
}
FILLER = ["today", "yesterday", "again", "really", "week", "month", "home", "city", "summer", "winter"]


def talk(count=360, seed=0):
    """Return texts of three words of one theme and one of none, and the theme of each."""
    rng = np.random.default_rng(seed)
    themes = rng.choice(list(THEMES), count)
    words = [[*rng.choice(THEMES[theme].split(), 3, replace=False), rng.choice(FILLER)] for theme in themes]
    return [" ".join(one) for one in words], themes


@pytest.fixture(scope="module")
def texts():
    return talk()


@pytest.fixture(scope="module")
def model(texts):
    return fit(texts[0], embedding="tfidf", mode="portable")


def main_topics(assignments):
    return assignments.drop_duplicates("text")["topic"].to_numpy()


def test_planted_topics_are_found(model, texts):
    assert adjusted_rand_score(texts[1], main_topics(model.assignments)) > 0.6


def test_labels_are_words_of_the_theme(model, texts):
    main = pd.Series(main_topics(model.assignments))
    for topic, themes in pd.Series(texts[1]).groupby(main):
        if topic >= 0:
            label = model.topics.set_index("topic")["words"][topic]
            assert set(THEMES[themes.mode()[0]].split()) & set(label.replace(",", "").split())


def test_the_fitted_texts_are_scored_by_the_frozen_scorer(model, texts):
    pd.testing.assert_frame_equal(assign(model, texts[0]), model.assignments)


def test_a_score_does_not_depend_on_the_other_texts(model, texts):
    alone = assign(model, [texts[0][7]])
    among = model.assignments[model.assignments["text"].eq(7)]
    assert alone["topic"].tolist() == among["topic"].tolist()
    assert np.allclose(alone["score"], among["score"])


def test_counts_and_shares_are_those_of_the_assignments(model, texts):
    n = model.assignments.groupby("topic")["text"].nunique()
    assert (
        model.topics.set_index("topic")["n"].drop(-1).equals(n.reindex(model.topics["topic"]).drop(-1, errors="ignore"))
    )
    assert np.allclose(model.topics["share"], model.topics["n"] / len(texts[0]))
    assert model.topics["topic"].tolist() == [*range(len(model.centroids)), -1]
    assert model.topics["label"].is_unique


def test_a_text_of_two_sentences_names_both_topics(model):
    both = "Invoice amount charged wrong payment. The technician missed the repair appointment visit."
    found = assign(model, [both])
    labels = [model.topics.set_index("topic")["words"][topic] for topic in found["topic"]]
    assert any("invoice" in words or "payment" in words for words in labels)
    assert any("technician" in words or "repair" in words for words in labels)
    assert set(found["sentence"]) == set(both.replace(". ", ".|").split("|"))


def test_named_topics_reach_their_threshold_and_lie_near_the_best(model):
    used = model.assignments[model.assignments["topic"].ge(0)]
    threshold = model.topics.set_index("topic")["threshold"]
    assert (used["score"] >= used["topic"].map(threshold) - 1e-6).all()
    best = used.groupby("text")["score"].transform("max")
    assert (used["score"] >= best - MARGIN - 1e-6).all()


def test_what_fits_no_topic_is_said_to(model):
    assert assign(model, ["zebra giraffe savanna"])["topic"].tolist() == [-1]


def test_left_out_texts_are_listed_with_their_reason(model):
    found = assign(model, ["n/a", "", "10"])
    assert found["left_out"].tolist() == ["stock answer", "empty", "no words"]
    assert found["topic"].tolist() == [-1, -1, -1]
    assert found["score"].isna().all()


def test_a_saved_model_scores_as_before(model, texts, tmp_path):
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    pd.testing.assert_frame_equal(again.topics, model.topics)
    pd.testing.assert_frame_equal(again.assignments, model.assignments)
    assert np.array_equal(again.centroids, model.centroids)
    assert again.settings == model.settings
    new = talk(40, seed=9)[0]
    pd.testing.assert_frame_equal(assign(again, new), assign(model, new))
    names = {path.name for path in (tmp_path / "model").iterdir()}
    assert names == {"arrays.safetensors", "topics.parquet", "assignments.parquet", "model.json"}
    assert oct((tmp_path / "model" / "assignments.parquet").stat().st_mode)[-3:] == "600"


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(StudyError, match="no saved topic model"):
        load(tmp_path)
    (tmp_path / "model.json").write_text('{"format": 0}')
    with pytest.raises(StudyError, match="another version"):
        load(tmp_path)


def test_the_same_texts_give_the_same_model(model, texts):
    again = fit(texts[0], embedding="tfidf", mode="portable")
    pd.testing.assert_frame_equal(again.topics, model.topics)
    assert np.array_equal(again.centroids, model.centroids)


@pytest.mark.parametrize("count", [0, 1, 9, 49])
def test_few_texts_get_a_sentence(count):
    with pytest.raises(StudyError, match=f"{count} different usable texts of {count} are too few"):
        fit([f"word{chr(97 + n // 26)}{chr(97 + n % 26)} app" for n in range(count)], embedding="tfidf")


@pytest.mark.parametrize(
    "hostile",
    [["same text here"] * 200, ["👍"] * 100, [None] * 100, ["\x00"] * 60, ["slow " * 10_000] * 60],
    ids=["identical", "emoji", "empty", "nul", "one word"],
)
def test_texts_that_say_nothing_get_a_sentence(hostile):
    with pytest.raises(StudyError, match="too few"):
        fit(hostile, embedding="tfidf", mode="portable")


def test_hostile_texts_among_others_do_no_harm(texts):
    odd = ["slow " * 10_000, "\x00", "👍👍", "الخدمة سيئة للغاية اليوم", "", None, "a" * 300_000, "- ; drop table"]
    found = fit([*texts[0], *odd], embedding="tfidf", mode="portable")
    assert found.assignments["text"].nunique() == len(texts[0]) + len(odd)
    assert np.isfinite(found.centroids).all()


def test_fifty_texts_are_enough(texts):
    assert len(fit(texts[0][:60], embedding="tfidf", mode="portable").centroids) >= 2


def test_an_unknown_mode_is_refused(texts):
    with pytest.raises(StudyError, match="mode"):
        fit(texts[0], embedding="tfidf", mode="magic")


def test_given_embeddings_are_used_and_checked(texts):
    rng = np.random.default_rng(1)
    place = {theme: rng.normal(size=16) for theme in THEMES}
    points = np.array([place[theme] + 0.3 * rng.normal(size=16) for theme in texts[1]], np.float32)
    found = fit(texts[0], embeddings=points, mode="portable")
    assert adjusted_rand_score(texts[1], main_topics(found.assignments)) > 0.8
    with pytest.raises(StudyError, match="360 rows"):
        fit(texts[0], embeddings=points[:-1])


def test_stability_tells_planted_topics_from_noise(project, texts):
    rng = np.random.default_rng(2)
    place = {theme: rng.normal(size=16) for theme in THEMES}
    clear = np.array([place[theme] + 0.2 * rng.normal(size=16) for theme in texts[1]], np.float32)
    noise = rng.normal(size=(360, 16)).astype(np.float32)
    found = [
        stability(fit(texts[0], embeddings=points, mode="portable"), texts[0], embeddings=points, fits=3)
        for points in (clear, noise)
    ]
    assert (found[0].topics["verdict"] == "stable").all()
    assert (found[1].topics["verdict"] == "unstable").mean() > 0.5
    assert found[0].fits["ari"].min() > 0.9 > 0.5 > found[1].fits["ari"].max()


def test_stability_needs_two_refits(model, texts):
    with pytest.raises(StudyError, match="1 refits"):
        stability(model, texts[0], fits=1)


def test_neighbours_are_exact():
    points = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    index, distance = neighbours(points, 4)
    cosine = 1 - points @ points.T
    assert np.array_equal(index, np.argsort(cosine, axis=1)[:, :4])
    assert np.allclose(distance, np.sort(cosine, axis=1)[:, :4], atol=1e-5)


def test_ward_with_sizes_is_scipys_on_repeated_points():
    from scipy.cluster.hierarchy import fcluster, linkage

    rng = np.random.default_rng(3)
    places, sizes = rng.normal(size=(12, 3)), rng.integers(1, 6, 12)
    repeated = np.repeat(np.arange(12), sizes)
    theirs = fcluster(linkage(places[repeated], "ward"), 4, "maxclust")
    ours = cut(ward(places, sizes), 4)[repeated]
    assert adjusted_rand_score(ours, theirs) == 1


def test_the_number_of_groups_comes_from_the_points():
    rng = np.random.default_rng(4)
    for count in (5, 15):
        middle = rng.normal(size=(count, 20))
        label = rng.integers(0, count, 600)
        points = (middle[label] + 0.3 * rng.normal(size=(600, 20))).astype(np.float32)
        points /= np.linalg.norm(points, axis=1, keepdims=True)
        found = group(points, "portable", 0)
        assert abs(len(found.centroids) - count) <= count // 3


def test_silhouette_is_scikit_learns():
    from sklearn.metrics import silhouette_score

    rng = np.random.default_rng(5)
    points = rng.normal(size=(200, 12)).astype(np.float32) + 2 * np.eye(12, dtype=np.float32)[rng.integers(0, 5, 200)]
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    labels = np.r_[rng.integers(0, 6, 199), 9]  # the last is alone in its group
    assert np.isclose(silhouette(points, labels), silhouette_score(points.astype(float), labels, metric="cosine"))


def test_umap_finds_planted_topics_and_the_same_again():
    rng = np.random.default_rng(6)
    theme = rng.choice(5, 300, p=[0.4, 0.3, 0.15, 0.1, 0.05])
    points = (rng.normal(size=(5, 24))[theme] + 0.3 * rng.normal(size=(300, 24))).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    found = group(points, "umap", 0)
    assert len(found.centroids) == 5
    assert adjusted_rand_score(theme, found.labels) > 0.95
    noise = rng.normal(size=(300, 24)).astype(np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    first, again, other = (group(noise, "umap", seed).labels for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


PORTABLE = """
import sys, numpy as np
from cxresearch.topics.clusters import group
points = np.load(sys.argv[1])
print(*group(points, "portable", 0).labels, sep=",")
"""


def test_portable_topics_are_the_same_on_other_machines(tmp_path):
    rng = np.random.default_rng(7)
    theme = rng.integers(0, 8, 400)
    # So much noise that UMAP's topics are others there.
    points = (rng.normal(size=(8, 40))[theme] + 2 * rng.normal(size=(400, 40))).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    np.save(tmp_path / "points.npy", points)
    ours = group(points, "portable", 0).labels
    machine = {**os.environ, "OPENBLAS_CORETYPE": "Prescott", "NUMBA_CPU_NAME": "generic", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", PORTABLE, str(tmp_path / "points.npy")]
    shown = subprocess.run(command, env=machine, check=True, capture_output=True, text=True).stdout
    assert [int(label) for label in shown.split(",")] == ours.tolist()
