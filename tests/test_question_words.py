"""Sentences about inserted questions: what they say, with base and interval, and that a hidden row says nothing."""

import pandas as pd
import pytest

from cxresearch.present import question_words
from cxresearch.present.findings import NOTHING

SIZE = {"n": 120, "n_customers": 100, "n_eff": 90.0}


def result(group, of, estimate, **more):
    return {
        group: of,
        **SIZE,
        "estimate": estimate,
        "conf_low": estimate - 0.02,
        "conf_high": estimate + 0.02,
        "flag": "",
        **more,
    }


def say(name, rows, **arguments):
    return getattr(question_words, name)(pd.DataFrame(rows), arguments, {"b": "Better Wi-Fi"})


def test_preferred_names_first_last_and_what_is_tied():
    rows = [result("item", "a", 0.30), result("item", "b", 0.27), result("item", "c", 0.10)]
    assert say("preferred", rows, unit="share") == (
        "A is valued most, 30% (28% to 32%); C least, 10% (8% to 12%). Its interval overlaps that of Better Wi-Fi. "
        "Base: 100 customers."
    )
    assert "overlaps" not in say("preferred", [rows[0], rows[2]], unit="share")


def test_prices_have_their_range_interval_and_unit():
    names = {"marginal cheapness": 5.0, "indifference price": 8.0, "marginal expensiveness": 12.0}
    rows = [result("point", name, value, unit="EUR a month") for name, value in names.items()]
    text = say("prices", rows)
    assert text.startswith("Prices from 5.00 (4.98 to 5.02) to 12.00 (11.98 to 12.02) EUR a month are accepted.")
    assert "120 answers from 100 customers." in text


def test_the_largest_loss_is_named():
    rows = [
        {"stage": name, "n": n, "n_customers": n} for name, n in (("invited", 100), ("eligible", 90), ("answered", 30))
    ]
    assert say("asked", rows) == (
        "Of 100 invited, 30 (30.0%) answered. Most were lost between “eligible” and “answered”: 60."
    )


def test_sets_say_how_often_they_win_again():
    rows = [result("items", "a + b", 0.7, rank=1, best=0.6), result("items", "a + c", 0.6, rank=2, best=0.4)]
    assert (
        say("sets", rows)
        == "A + b reach 70% (68% to 72%), first in 60% of the resamples. 120 answers from 100 customers."
    )


def test_differences_name_the_family_and_only_what_is_judged():
    judged = {"minimum_detectable": 0.12, "p_adjusted": 0.01, "family": "6 comparisons", "verdict": "higher"}
    row = result("item", "b", 0.1, level="Promoters", **judged)
    assert say("item_differences", [row], unit="share").startswith(
        "Better Wi-Fi is higher for Promoters (10.0 percentage"
    )
    none = say("item_differences", [row | {"verdict": "cannot tell"}], unit="share")
    assert none.startswith("No group is known to differ from the rest")
    assert none.endswith("Judged among 6 comparisons.")


def test_classes_that_are_not_clear_are_said_to_be_so():
    rows = [{"feature": name, **SIZE, "class": kind, "clear": clear, "flag": ""}
            for name, kind, clear in (("a", "must-be", True), ("b", "attractive", False))]  # fmt: skip
    text = say("kano_classes", rows)
    assert text.startswith("Must-be: A; attractive: Better Wi-Fi. Not clearly of one class: Better Wi-Fi.")


@pytest.mark.parametrize("name", ["preferred", "wanted", "reached", "sets", "buyers", "kano_classes", "prices"])
def test_hidden_rows_say_nothing(name):
    empty = ("n", "n_customers", "estimate", "conf_low", "conf_high", "class", "rank", "added", "best")
    hidden = dict.fromkeys(("item", "items", "feature", "point"), "secret") | dict.fromkeys(empty) | {"flag": "hidden"}
    assert say(name, [hidden, hidden]) == NOTHING
