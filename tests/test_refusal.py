"""A notebook goes on where a study lacks something, and its page says what."""

import pandas as pd
import pytest

from cxresearch.present import show as shown
from cxresearch.refusal import Refusal, attempt
from cxresearch.strict_yaml import StudyError


def fails(error):
    def function(*arguments, **named):
        raise error

    return function


@pytest.mark.parametrize("error", [KeyError("no revenue."), ValueError("no revenue."), StudyError("no revenue.")])
def test_a_refusal_keeps_the_sentence_whatever_is_done_with_it(error):
    found = attempt(fails(error), None)
    assert found.parts[found.parts["x"].ne(0)].round(2).query("a == 1").sentence == "no revenue."
    assert len(found) == 0
    assert [*found.parts] == list({**found.parts}) == []
    assert attempt(lambda frame: frame, found) is found
    assert attempt(lambda *, frame: frame, frame=found) is found


def test_what_works_is_returned_and_other_errors_are_errors():
    assert attempt(lambda x, y: x + y, 1, y=2) == 3
    with pytest.raises(ZeroDivisionError):
        attempt(lambda: 1 / 0)


@pytest.mark.parametrize(
    "function",
    [lambda: {}["secret"], lambda: pd.DataFrame({"a": [1]})["secret"], lambda: bool(pd.Series(["secret", "b"]))],
    ids=["a key of ours", "a column of ours", "a library's sentence"],
)
def test_an_error_of_our_own_is_not_laid_on_the_data(function):
    sentence = attempt(function).sentence
    assert sentence.startswith("cxresearch itself failed here (")
    assert "in test_refusal.py, line" in sentence
    assert "secret" not in sentence


def test_show_says_the_sentence_in_place_of_the_output(monkeypatch):
    seen = []
    monkeypatch.setattr(shown, "_display", seen.append)
    shown.show(Refusal("the study has no table 'revenue'."), "bridge", key="k", caption="Bridge", finding="bridge",
               metric="nps", band=Refusal("x"))  # fmt: skip
    shown.show_tabs(Refusal("the study has no segments."))
    assert "Not reported: the study has no table &#x27;revenue&#x27;." in seen[0]["text/html"]
    assert "Not reported: the study has no segments." in seen[1]["text/html"]


def test_a_page_does_not_name_the_function_that_refused():
    refused = Refusal("new_topics: there are no comments of earlier periods; everything would be new.")
    assert refused.to_frame()["sentence"].tolist() == [
        "Not reported: there are no comments of earlier periods; everything would be new."
    ]
    assert refused.sentence.startswith("new_topics: ")
    plain = Refusal('the study has no column "x: y".')
    assert plain.to_frame()["sentence"].tolist() == ['Not reported: the study has no column "x: y".']


def test_the_function_is_reached_from_the_package_whatever_was_imported():
    import cxresearch as cx

    assert cx.attempt is attempt
