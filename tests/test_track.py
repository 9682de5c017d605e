"""Topics over time: the band of nothing, the ledger between models, what is new."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cxresearch.prove.topics import planted
from cxresearch.topics.emerging import Said, emerging
from cxresearch.topics.track import drift_band, ledger


def test_quarters_alike_stay_within_the_band_and_a_rise_does_not():
    mentions = planted()
    found = drift_band(mentions, n_deals=400)
    assert found["flag"].tolist() == ["outside the band", "", ""]
    same = mentions.answers.copy()
    same.loc[:199, mentions.ids] = same.loc[200:, mentions.ids].to_numpy()
    quiet = drift_band(replace(mentions, answers=same), n_deals=400)
    assert quiet["flag"].eq("").all()


def test_who_says_the_same_in_both_quarters_makes_no_drift():
    mentions = planted()
    answers = mentions.answers.copy()
    answers.loc[200:, mentions.ids] = answers.loc[:199, mentions.ids].to_numpy()
    strangers = drift_band(replace(mentions, answers=answers), n_deals=200)
    answers["customer_id"] = [f"c{number % 200}" for number in range(400)]
    same_people = drift_band(replace(mentions, answers=answers), n_deals=200)
    assert strangers["band"].gt(0.03).all()
    assert same_people["band"].lt(1e-9).all()


def test_the_band_does_not_hang_on_a_quarter_s_sum_of_weights():
    mentions = planted()
    weighted = mentions.answers.assign(weight=np.where(np.arange(400) < 200, 1.0, 7.0))
    plain, heavy = drift_band(mentions), drift_band(replace(mentions, answers=weighted))
    assert heavy["band"].tolist() == pytest.approx(plain["band"].tolist())


def test_the_ledger_knows_five_events():
    before = pd.DataFrame({"a": [1] * 4 + [0] * 10, "b": [0] * 4 + [1] * 4 + [0] * 6, "c": [0] * 8 + [1, 1] + [0] * 4,
                           "d": [0] * 10 + [1, 1, 0, 0], "gone": [0] * 12 + [1, 0]})  # fmt: skip
    after = pd.DataFrame({"a": before["a"], "b1": [0] * 4 + [1, 1] + [0] * 8, "b2": [0] * 6 + [1, 1] + [0] * 6,
                          "cd": [0] * 8 + [1] * 4 + [0, 0], "fresh": [0] * 13 + [1]})  # fmt: skip
    found = ledger(before, after).set_index("event")
    assert found.loc[["continued"], "topic"].tolist() == ["a"]
    assert found.loc[["split"], "topic"].tolist() == ["b1", "b2"]
    assert found.loc[["merged"], "previous_topic"].tolist() == ["c", "d"]
    assert found.loc[["new"], "topic"].tolist() == ["fresh"]
    assert found.loc[["retired"], "previous_topic"].tolist() == ["gone"]


def sentences(rng, cluster: int, placed: bool, when: str) -> Said:
    """Return sentences of ten themes, said alike in both periods, and a cluster said in one of them."""
    themes = rng.normal(size=(10, 30))
    points = themes[rng.integers(0, 10, 1_000)] + rng.normal(size=(1_000, 30)) / 2
    extra = rng.normal(size=30) + rng.normal(size=(cluster, 30)) / 4
    points = np.vstack([points, extra]).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    number = np.arange(len(points))
    now = np.where(number < 1_000, number % 4 == 0, when == "now")
    return Said(points, now, (number < 1_000) | placed, number)


def test_only_what_is_dense_now_and_new_and_not_placed_is_emerging():
    for seed in range(5):
        rng = np.random.default_rng(seed)
        found = emerging(sentences(rng, 30, placed=False, when="now"))
        assert [len(set(rows) & set(range(1_000, 1_030))) for rows in found] == [30]
        assert emerging(sentences(rng, 30, placed=True, when="now")) == []
        assert emerging(sentences(rng, 30, placed=False, when="before")) == []
        assert emerging(sentences(rng, 0, placed=False, when="now")) == []
        assert emerging(sentences(rng, 8, placed=False, when="now")) == []


def test_a_burst_is_new_in_its_quarter_and_not_when_it_comes_back():
    rng = np.random.default_rng(3)
    said = sentences(rng, 60, placed=False, when="now")
    number = np.arange(len(said.now))
    burst = (number >= 1_000) & (number % 2 == 0)
    first = Said(said.points, burst | (number % 4 == 0), said.placed, said.person)
    kept = (number < 1_000) | burst
    found = emerging(Said(*(part[kept] for part in (first.points, first.now, first.placed, first.person))))
    assert [len(rows) for rows in found] == [30]
    again = (number >= 1_000) & ~burst
    assert emerging(Said(said.points, again | (number % 4 == 1) & (number < 1_000), said.placed, said.person)) == []
