"""Drawing the results of a run: what is said again is told in short, everything else as it is."""

import pandas as pd

from cxresearch.present.disclosure import Policy, protect
from cxresearch.present.payload import Grid, Payload
from cxresearch.refusal import NOT_REPORTED
from cxresearch.report.draw import AGAIN, told_once

WHY = f"{NOT_REPORTED}the study has no table of bills."


def sentences(*told: tuple[str, str]) -> list[str]:
    payloads = [
        Payload(
            key=f"key-{number}",
            kind="sentence",
            grid=Grid.of(pd.DataFrame({"sentence": [sentence]})),
            caption=f"Caption {number}",
            about="process",
            provenance={"notebook": notebook, "cell": number},
        )
        for number, (notebook, sentence) in enumerate(told, start=1)
    ]
    return [str(one.grid.rows[0][0]) for one in told_once(protect(payloads, Policy()).payloads)]


def test_a_refusal_is_told_at_length_once_a_page():
    assert sentences(("04-a", WHY), ("04-a", WHY), ("05-b", WHY)) == [WHY, AGAIN, WHY]


def test_what_is_no_refusal_is_told_each_time():
    assert sentences(("04-a", "NPS rose."), ("04-a", "NPS rose.")) == ["NPS rose.", "NPS rose."]
    assert AGAIN.startswith(NOT_REPORTED)
