"""Tables read well, say what is hidden and why, and are accessible."""

import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from cxresearch.present.disclosure import Policy, protect
from cxresearch.present.labels import THOUSANDS
from cxresearch.present.payload import Grid, Payload
from cxresearch.present.tables import table


def estimates():
    frame = pd.DataFrame({"plan": ["Basic", "Plus", "Premium", "Isles", "Rest"], "n": [1520, 310, 42, 6, 14]})
    frame = frame.assign(n_customers=frame["n"], n_eff=frame["n"] * 1.0, estimate=[-26.6, 33.2, 47.0, 9.0, 8.0])
    frame = frame.assign(std_error=3.0, conf_low=frame["estimate"] - 5, conf_high=frame["estimate"] + 5)
    return frame.assign(flag=["", "", "indicative", "", "very small base"])


def changes():
    frame = pd.DataFrame({"segment": ["plan", "plan", "region"], "level": ["Basic", "Plus", "North"], "n": 300})
    frame = frame.assign(n_customers=300, n_previous=280, n_customers_previous=280, n_eff=290.0)
    frame = frame.assign(previous=[20.0, 25.0, 20.0], current=[12.0, 33.0, 21.0], estimate=[-8.0, 8.0, 1.0])
    frame = frame.assign(std_error=2.0, conf_low=frame["estimate"] - 5, conf_high=frame["estimate"] + 5, statistic=2.0)
    frame = frame.assign(p_value=0.01, p_adjusted=0.02, minimum_detectable=8.44)
    return frame.assign(verdict=["fell", "rose", "cannot tell"], flag="")


def shown(frame, about="people", labels=None, **arguments):
    payload = Payload(key="t", kind="table", grid=Grid.of(frame), caption="NPS", about=about, labels=labels or {},
                      arguments=arguments)  # fmt: skip
    return table(protect([payload], Policy()).payloads[0])


class Cells(HTMLParser):
    """The text of each row's cells, and the attributes of each cell."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.cells, self.inside = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.cells.append((tag, dict(attributes)))
            self.inside = True

    def handle_endtag(self, tag):
        self.inside = self.inside and tag not in ("td", "th")

    def handle_data(self, data):
        if self.inside:
            self.rows[-1][-1] += data

    @property
    def text(self):
        return [[re.sub(r"\s+", " ", cell).strip() for cell in row] for row in self.rows]


def test_an_estimate_stands_with_its_interval_and_base():
    rows = Cells(shown(estimates(), metric="nps")).text
    assert rows[0] == ["Plan", "Answers", "NPS [95% interval]"]
    assert rows[1] == ["Basic", "1 520", "−27 [−32, −22]"]
    assert rows[2] == ["Plus", "310", "33 [28, 38]"]
    assert f"1{THOUSANDS}520" in shown(estimates())


def test_names_are_escaped_once():
    frame = estimates().replace({"Basic": "Küste & <Inseln>", "Plus": "{{7*7}} $x^{"}).assign(owner="A & B")
    rows = Cells(shown(frame)).text
    assert rows[1][0] == "Küste & <Inseln>"
    assert rows[2][0] == "{{7*7}} $x^{"
    assert rows[1][-1] == "A & B"
    assert Cells(shown(frame, labels={"plan": "A & <b>"})).text[0][0] == "A & <b>"


def test_hidden_cells_are_a_dash_with_a_footnote():
    found = Cells(shown(estimates(), metric="nps")).text
    assert [row for row in found if row[0].startswith(("Isles", "Rest"))] == [["Isles2", "–", "–"], ["Rest2", "–", "–"]]
    assert ["2 Not shown: too few customers, or it would give away a group with too few."] in found


def test_small_bases_are_grey_and_footnoted():
    found = shown(estimates(), metric="nps")
    assert '<span class="cx-small">42</span>' in found
    assert ["1 Indicative."] in Cells(found).text
    assert ["Premium1", "42", "47 [42, 52]"] in Cells(found).text


def test_changes_bear_their_sign_verdict_and_detectable_change():
    rows = Cells(shown(changes(), metric="nps")).text
    assert rows[0] == ["Group", "Answers [before]", "Before", "Now", "Change [95% interval]", "Verdict"]
    assert ["Basic", "300 [280]", "20", "12", "−8 [−13, −3]", "fell"] in rows
    assert ["North", "300 [280]", "20", "21", "+1 [−4, +6]", "cannot tell; ±8.4 detectable"] in rows


def test_levels_stand_in_rows_under_their_segment():
    rows = Cells(shown(changes())).text
    assert ["Plan"] in rows
    assert ["Region"] in rows
    total = pd.concat([changes().head(1).assign(segment="all", level="all"), changes()], ignore_index=True)
    rows = Cells(shown(total)).text
    assert ["All"] not in rows
    assert rows[1][0] == "All"


def test_each_metric_has_its_unit():
    frame = pd.DataFrame(
        {"metric": ["nps", "csat", "fcr"], "n": 100, "n_customers": 100, "estimate": [27.4, 3.914, 0.781]}
    )
    assert [row[2] for row in Cells(shown(frame)).text[1:]] == ["27", "3.91", "78%"]
    declared = frame.assign(unit=["points", "1–5", "share"]).drop(columns="metric").assign(question="abc")
    assert "3.91" in shown(declared[["question", *declared.columns[:-1]]])


def test_the_survey_stands_behind_the_name_where_there_are_several():
    frame = pd.DataFrame({"metric": ["nps", "ces"], "n": 100, "n_customers": 100, "estimate": [27.0, 5.2]})
    rows = Cells(shown(frame.assign(survey=["relationship", "transactional"]))).text
    assert [row[0] for row in rows[1:]] == ["NPS relationship", "Ease (CES) transactional"]
    assert Cells(shown(frame.assign(survey="relationship"))).text[1][0] == "NPS"


def test_columns_and_digits_can_be_chosen():
    rows = Cells(shown(estimates(), metric="nps", columns=["estimate", "n_customers"], digits=1)).text
    assert rows[0] == ["Plan", "NPS [95% interval]", "Customers"]
    assert rows[1] == ["Basic", "−26.6 [−31.6, −21.6]", "1 520"]


def test_labels_of_the_study_win():
    rows = Cells(shown(estimates(), labels={"plan": "Tariff", "Basic": "Basic S", "estimate": "Score"})).text
    assert rows[0][0] == "Tariff"
    assert rows[0][2].startswith("Score")
    assert rows[1][0] == "Basic S"


def test_a_second_base_is_told_where_it_differs():
    frame = estimates().assign(n_eff=[800.0, 200, 30, 6, 14])
    assert "Effective base" in shown(frame)
    assert "Effective base" not in shown(estimates())


def test_what_all_rows_share_stands_once_below():
    frame = estimates().assign(period="2026Q3")
    found = Cells(shown(frame[["period", *estimates().columns]])).text
    assert found[0][0] == "Plan"
    assert found[-2] == ["Period: Q3 2026"] or ["Period: Q3 2026"] in found


def test_counts_of_a_process_are_shown_under_their_names():
    frame = pd.DataFrame({"table": ["responses", "customers"], "rule": ["late", "copy"], "rows": [1412, 1]})
    rows = Cells(shown(frame, about="process")).text
    assert rows == [["Table", "Rule", "Rows"], ["Responses", "Late", "1 412"], ["Customers", "Copy", "1"]]


def test_whole_numbers_with_gaps_are_counts():
    frame = pd.DataFrame({"table": ["a", "b"], "rows": [97.0, None], "median_s": [272.0, 90.0]})
    assert Cells(shown(frame, about="process")).text[1:] == [["A", "97", "272 s"], ["B", "–", "90 s"]]


def test_the_table_is_accessible():
    found = shown(changes())
    cells = Cells(found).cells
    ids = [attributes["id"] for _, attributes in cells if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch("t-[a-z0-9-]+", name) for name in ids)
    for tag, attributes in cells:
        if tag == "th":
            assert attributes["scope"] in ("row", "col", "colgroup")
        for name in attributes.get("headers", "").split():
            assert name in ids
    assert not any(text == "" for row in Cells(found).text for text in row[:1])
    assert 'role="region" tabindex="0" aria-label="Table: NPS"' in found


def test_no_style_of_another_house_is_left():
    found = shown(estimates())
    assert "<style" not in found
    assert "style=" not in found
    assert found == shown(estimates())


def test_an_empty_table_says_so():
    assert ">None.<" in shown(estimates().head(0))


def test_only_protected_payloads_become_tables():
    with pytest.raises(TypeError, match="found a Payload"):
        table(Payload(key="t", kind="table", grid=Grid.of(estimates())))


def test_money_effects_are_per_cent_with_their_interval():
    frame = estimates().assign(percent=[7.9, 0.4, -1.2, 3.0, 2.0], percent_low=[6.5, -0.6, -3.0, 1.0, 1.0],
                               percent_high=[9.3, 1.4, 0.6, 5.0, 5.0])  # fmt: skip
    rows = Cells(shown(frame, labels={"percent": "More revenue"}, columns=["percent"])).rows
    assert rows[0][1] == "More revenue [95% interval]"
    assert rows[1][1] == "7.9% [6.5%, 9.3%]"


def test_names_written_as_code_are_words_in_measured_columns_and_decimals_may_differ_by_column():
    frame = pd.DataFrame({"method": ["relative-weights"], "n": [90], "n_customers": [90], "estimate": [1.0],
                          "correlation": [0.561], "driver": ["invoice_clarity"], "flag": [""]})  # fmt: skip
    text = shown(frame, columns=["estimate", "correlation", "driver"], digits={"estimate": 1, "correlation": 2})
    assert Cells(text).rows[1] == ["Johnson's relative weights", "1.0", "0.56", "Invoice clarity"]
