"""A crosstab as people read it: columns side by side, hidden columns in no cell and no letter."""

import io
import re

import openpyxl
import pandas as pd
import pytest

from cxresearch.present import words
from cxresearch.present.crosstabs import cross_grid, crosstab_table
from cxresearch.present.disclosure import Policy, protect
from cxresearch.present.payload import Grid, Payload
from cxresearch.present.workbook import workbook


def frame(columns, lines):
    """Return a crosstab's rows: `columns` is level -> base, `lines` is name -> (unit, values, letters)."""
    rows = []
    for name, (unit, values, letters) in lines.items():
        for level, n, value, letter in zip(columns, columns.values(), values, letters, strict=True):
            rows.append(("csat", name, "plan", level, n, n, float(n), float(n), value, letter, unit))
    names = ["row", "row_level", "banner", "banner_level", "n", "n_customers", "n_eff", "weighted_base", "estimate"]
    found = pd.DataFrame(rows, columns=[*names, "letters", "unit"])
    found = found.assign(std_error=0.1, conf_low=0.0, conf_high=1.0, flag="")
    return found.assign(p_adjusted=found["letters"].ne("").map({True: 0.01, False: 0.4}))


COLUMNS = {"all": 300, "Basic": 100, "Plus": 100, "Premium": 100}
LINES = {
    "satisfied": ("share", [0.5, 0.4, 0.5, 0.6], ["", "", "", "A"]),
    "mean": ("mean", [3.25, 3.0, 3.25, 3.5], ["", "", "", "ab"]),
}


def shown(found, finding="crosstab"):
    payload = Payload(key="tab-csat", kind="crosstab", grid=Grid.of(found), caption="Satisfaction", finding=finding,
                      labels={"plan": "Tariff"}, provenance={"notebook": "06-segments"})  # fmt: skip
    return protect([payload], Policy()).payloads[0]


def text_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_columns_stand_under_their_banner_with_letters_and_the_base_above():
    grid = cross_grid(shown(frame(COLUMNS, LINES)))
    assert [(head.banner, head.level, head.letter) for head in grid.heads] == [
        ("", "All", ""),
        ("Tariff", "Basic", "a"),
        ("Tariff", "Plus", "b"),
        ("Tariff", "Premium", "c"),
    ]
    assert [line.name for line in grid.lines] == ["Answers", "satisfied", "Mean"]
    text = text_of(crosstab_table(shown(frame(COLUMNS, LINES))))
    assert "satisfied 50% 40% 50% 60% A" in text
    assert "Mean 3.25 3.00 3.25 3.50 ab" in text


def test_a_hidden_column_is_in_no_cell_and_in_no_letter():
    columns = {"all": 307, "Basic": 5, "Plus": 100, "Premium": 202}
    text = text_of(crosstab_table(shown(frame(columns, LINES))))
    # Basic has too few, and the next smallest goes with it; Premium's A and a and b named these two.
    assert "satisfied 50% – – 60%" in text
    assert not re.search(r"60% [Aa]|3\.50 [ab]", text)
    assert "Not shown" in text


def test_weighted_and_effective_bases_stand_above_only_where_they_differ():
    plain = cross_grid(shown(frame(COLUMNS, LINES)))
    weighted = frame(COLUMNS, LINES).assign(weighted_base=lambda f: f["n"] * 1.5, n_eff=lambda f: f["n"] * 0.7)
    assert [line.name for line in plain.lines if line.is_base] == ["Answers"]
    bases = [line.name for line in cross_grid(shown(weighted)).lines if line.is_base]
    assert bases == ["Answers", "Weighted base", "Effective base"]


def test_the_sentence_names_the_clearest_column():
    assert words.finding(shown(frame(COLUMNS, LINES))) == "Premium (tariff): mean 3.50 against 3.25 of all."
    shares = {"satisfied": LINES["satisfied"]}
    assert words.finding(shown(frame(COLUMNS, shares))) == "Premium (tariff): “satisfied” 60% against 50% of all."
    alike = {"satisfied": ("share", [0.5] * 4, [""] * 4)}
    assert words.finding(shown(frame(COLUMNS, alike))) == "No column is known to differ from the others."


def test_a_tab_book_has_a_sheet_a_question():
    book = openpyxl.load_workbook(io.BytesIO(workbook([shown(frame(COLUMNS, LINES))], "t", [])))
    sheet = book["06 tab-csat"]
    cells = {cell.coordinate: cell.value for line in sheet for cell in line if cell.value is not None}
    assert [cells[at] for at in ("D5", "D6", "B7", "B8", "H8", "I8")] == ["Tariff", "Basic (a)", 300, 0.5, 0.6, "A"]
    assert sheet["B8"].number_format == "0.0%"


def test_what_is_no_crosstab_is_refused():
    with pytest.raises(ValueError, match="a crosstab needs the column 'letters'"):
        shown(frame(COLUMNS, LINES).drop(columns="letters"))


def test_only_protected_crosstabs_are_drawn():
    with pytest.raises(TypeError, match="only what disclosure"):
        crosstab_table(Payload(key="t", kind="crosstab", grid=Grid.of(frame(COLUMNS, LINES))))
