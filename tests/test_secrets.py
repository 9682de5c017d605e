"""No refusal shows a cell, whichever column is named by mistake and even where the first row is no header."""

from pathlib import Path

import pytest

from cxresearch.accepted_tables import Quality
from cxresearch.check import check
from cxresearch.strict_yaml import StudyError
from cxresearch.study_data import load

COLUMNS = {"response_id": "id", "customer_id": "customer", "responded_at": "day", "nps": "score", "region": "area"}
SECRETS = ("Quintessa", "RQX", "KDN", "leak.example")
HEADER = "id,customer,day,score,area,person,mail\n"
ROWS = [
    f"RQX{n},KDN{n},2026-07-0{n % 9 + 1},{n % 11},North,{'Quintessa' if n % 2 else 'Quintessa Q'},q@leak.example"
    for n in range(30)
]
TWICE = [row.replace("North", "Quintessa Q").replace("Quintessa,", "Quintessa Q,") for row in ROWS]
TABLE = HEADER + "\n".join(ROWS) + "\n"
HEADLESS = "\n".join(ROWS).replace("RQX", "RQX9") + "\n"


# All that intake counts: each is a table that pages show.
PARTS = [name for name, value in vars(Quality).items() if isinstance(value, property)]


@pytest.fixture
def told(project: Path):
    """Return a function that says all that check finds in some files under some columns and segments."""
    folder = project / "data" / "secrets"
    (folder / "exports").mkdir(parents=True)
    (project / "params" / "secrets.yaml").write_text("study: secrets\n")

    def told_of(files: dict[str, str], columns: dict[str, str], more: str = "", segments: str = "{}") -> str:
        for name, text in files.items():
            (folder / "exports" / name).write_text(text)
        listed = "".join(f"      {name}: {cell}\n" for name, cell in columns.items())
        head = f"title: Secrets\ntables:\n  responses:\n    source: exports/*.csv\n{more}    columns:\n{listed}"
        (folder / "study.yaml").write_text(f"{head}segments: {segments}\n")
        found = check(project / "params" / "secrets.yaml")
        quality = ""
        if found.ready:
            found_by_intake = load("secrets").quality
            quality = str([getattr(found_by_intake, part).to_dict() for part in PARTS])
        else:
            with pytest.raises(StudyError):
                load("secrets")
        return f"{found}{quality}"

    return told_of


@pytest.mark.parametrize("cell", ["person", "mail", "id"])
@pytest.mark.parametrize("column", ["nps", "responded_at", "region"])
def test_a_column_mapped_by_mistake_is_not_shown(told, column, cell):
    said = told({"a.csv": TABLE}, {**COLUMNS, column: cell})
    assert [secret for secret in SECRETS if secret in said] == []
    assert ("unusable" in said) == (column != "region")


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"a.csv": HEADLESS}, "its first row holds the names"),
        ({"a.csv": TABLE, "b.csv": HEADLESS}, "b.csv: none of the columns of tables.responses is there"),
        ({"a.csv": "\n".join(TWICE)}, "two cells of its first row are alike"),
        ({"a.csv": HEADLESS.replace("North", "area")}, "has no column 'id'; see that its first row holds the names"),
    ],
    ids=["alone", "second of two", "a cell twice", "a cell that is a name"],
)
def test_a_first_row_that_is_an_answer_is_not_shown(told, files, why):
    said = told(files, COLUMNS)
    assert why in said
    assert [secret for secret in SECRETS if secret in said] == []


@pytest.mark.parametrize(
    ("segments", "why"),
    [
        ("{who: {from: region, merge: {A: [North]}}}", "segments.who: merges 'North'; none of the 2 levels is near"),
        ("{who: {from: region, nets: {A: [North]}}}", "segments.who_net: nets 'North'; none of the 2 levels is near"),
        ("{who: 'them: North'}", "no column 'them: North' after intake; known are customer_id, nps"),
    ],
)
def test_levels_and_choices_that_nobody_declared_are_not_shown(told, segments, why):
    said = told({"a.csv": TABLE}, {**COLUMNS, "region": "person"}, "    sets: {them: {from: mail}}\n", segments)
    assert why in said
    assert [secret for secret in SECRETS if secret in said] == []
