"""What a notebook shows is protected, and what it leaves for the report reads back exactly."""

import base64
import json
import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

import cxresearch as cx
from cxresearch.present import html, show
from cxresearch.present.disclosure import Policy, protect
from cxresearch.present.payload import KINDS, MIME_TYPE, PLOTS, Grid, Payload, ProtectedPayload
from cxresearch.schema import Disclosure

HOSTILE = (
    "<script>alert(1)</script>",
    "</title></style><img src=x onerror=alert(1)>",
    "$x^{",
    "{{7*7}}",
    "\"quoted\" 'and' `more`",
    "nul\x00bell\x07",
    "\u202edrawrof\u2066",
    "*md* [a](javascript:x) &amp;",
)


def estimates(**more):
    """Ten plans with hostile names, two of them small, in the shape of a result frame."""
    names = [*HOSTILE, "Small", "Smaller"]
    bases = [300, 200, 120, 90, 80, 70, 60, 45, 6, 3]
    frame = pd.DataFrame({"plan": names, "n": bases, "n_customers": bases, "n_eff": bases})
    frame["estimate"] = np.linspace(-20.0, 40.0, 10)
    frame = frame.assign(std_error=4.0, conf_low=frame["estimate"] - 8, conf_high=frame["estimate"] + 8)
    return frame.assign(flag=[""] * 7 + ["indicative", "", ""], **more)


def changes():
    frame = estimates().rename(columns={"estimate": "current"})
    frame = frame.assign(n_previous=100, n_customers_previous=100, previous=1.0, estimate=frame["current"] - 1.0)
    frame = frame.assign(
        p_adjusted=0.04, minimum_detectable=8.0, verdict=["rose", "fell", "cannot tell"] * 3 + ["rose"]
    )
    return frame.assign(metric="nps", owner=HOSTILE[0], page="02-scorecard", key="changes")[
        ["metric", "plan", *(name for name in frame if name != "plan"), "owner", "page", "key"]
    ]


def frame_for(kind):
    """A frame with hostile names for each kind."""
    if kind == "trend":
        trend = pd.concat([estimates(), estimates()], ignore_index=True)
        return trend.assign(period=["2026Q2"] * 10 + ["2026Q3"] * 10)[["period", *estimates().columns]]
    if kind == "flow":
        return estimates().rename(columns={"plan": "stage"})
    if kind in ("headline", "findings"):
        return changes()
    if kind == "facts":
        return pd.DataFrame({"fact": HOSTILE, "value": HOSTILE})
    if kind == "sentence":
        return pd.DataFrame({"sentence": HOSTILE})
    if kind == "matrix":
        return estimates(importance=np.linspace(0.1, 0.5, 10))
    if kind == "crosstab":
        tab = estimates().rename(columns={"plan": "banner_level"})
        named = pd.DataFrame({"row": HOSTILE[0], "row_level": HOSTILE[1], "banner": "plan"}, index=tab.index)
        return pd.concat([named, tab], axis=1).assign(weighted_base=tab["n"] * 1.0, letters="ab", unit="points")
    if kind == "curves":
        return estimates().assign(price=range(10))[["price", *estimates().columns]]
    return estimates()


def payload_of(kind, frame=None, **fields):
    fields = {"caption": HOSTILE[0], "labels": {"plan": HOSTILE[1], "nps": HOSTILE[2]}} | fields
    arguments = {"x": "price"} if kind == "curves" else {"x": "importance"} if kind == "matrix" else {}
    about = "process" if kind in ("facts", "sentence") else "people"
    figure = base64.b64encode(show._png_bytes(Figure())).decode() if kind == "figure" else None
    return Payload(key=f"hostile-{kind}", kind=kind, grid=Grid.of(frame_for(kind) if frame is None else frame),
                   about=about, arguments=arguments, figure=figure, **fields)  # fmt: skip


def protected(payload):
    return protect([payload], Policy()).payloads[0]


@cache
def hostile_fragment(kind):
    """The fragment of a kind with hostile names, drawn once for all tests."""
    return html.fragment(protected(payload_of(kind)))


class Parsed(HTMLParser):
    """Tags, attributes and text of a fragment; unbalanced tags are counted."""

    VOID = ("img", "source", "br")

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.ids, self.text, self.open = [], [], [], "", []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        self.ids += [value for name, value in attributes if name == "id"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


# --- payloads ------------------------------------------------------------------------------------------------------

CELLS = {
    "str": st.one_of(st.none(), st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=8)),
    "int": st.one_of(st.none(), st.integers(-(2**53), 2**53)),
    "float": st.one_of(st.none(), st.floats(allow_nan=False)),
    "bool": st.one_of(st.none(), st.booleans()),
}


@st.composite
def grids(draw):
    types = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=5))
    rows = draw(st.lists(st.tuples(*(CELLS[kind] for kind in types)), max_size=5))
    return Grid(tuple(f"c{place}" for place in range(len(types))), tuple(types), tuple(rows))


@given(grids())
@settings(max_examples=200, deadline=None)
def test_a_payload_reads_back_exactly(grid):
    if any(isinstance(cell, str) and "@" in cell for row in grid.rows for cell in row):
        return
    first = Payload(key="k", kind="record", grid=grid, about="process", labels={"a": "ä\u202e"})
    text = json.dumps(first.to_json(), allow_nan=False)
    assert Payload.from_json(text) == first
    again = Grid.of(first.to_frame())
    assert again.rows == grid.rows or not grid.rows
    if all(any(row[place] is not None for row in grid.rows) for place in range(len(grid.types))):
        assert again.types == grid.types


def test_infinity_reads_back():
    grid = Grid.of(pd.DataFrame({"ratio": [float("inf"), float("-inf"), None, 1 / 3]}))
    again = Payload.from_json(json.dumps(Payload(key="k", kind="record", grid=grid, about="process").to_json()))
    assert again.grid.rows == ((float("inf"),), (float("-inf"),), (None,), (1 / 3,))


def test_dates_categories_and_missing_become_plain():
    frame = pd.DataFrame({"day": pd.to_datetime(["2026-07-01", None]), "plan": pd.Categorical(["a", "b"])})
    frame["count"] = pd.array([1, None], dtype="Int64")
    grid = Grid.of(frame)
    assert grid.types == ("str", "str", "int")
    assert grid.rows == (("2026-07-01", "a", 1), (None, "b", None))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"key": "Not a key"}, "a key is made of a-z"),
        ({"kind": "estimate"}, "did you mean 'estimates'"),
        ({"about": "robots"}, "neither 'people' nor 'process'"),
        ({"arguments": {"refrence": 0}}, "did you mean 'reference'"),
        ({"arguments": {"reference": float("inf")}}, "argument 'reference' is a float"),
        ({"grid": Grid.of(estimates().drop(columns="n_customers"))}, "no column 'n_customers'; add the distinct"),
        ({"grid": Grid.of(estimates(customer_id="c1"))}, "column 'customer_id' names persons"),
        ({"grid": Grid.of(estimates(note="a.b@example.com"))}, "column 'note' holds e-mail addresses"),
        ({"grid": Grid.of(estimates()[["estimate", "n", "n_customers"]])}, "'estimate' stands before 'n'"),
        ({"grid": Grid.of(pd.concat([estimates()] * 501))}, "at most 5,000: aggregate first"),
        ({"about": "process"}, "a frame with 'n_customers' is about people"),
    ],
)
def test_what_no_report_may_carry_is_refused_in_a_sentence(change, message):
    fields = {"key": "k", "kind": "estimates", "grid": Grid.of(estimates())} | change
    with pytest.raises((ValueError, TypeError), match=re.escape(message)) as fault:
        Payload(**fields)
    assert "a.b@example.com" not in str(fault.value)
    assert str(fault.value).endswith((".", "'."))


@pytest.mark.parametrize(
    "name", ["response_id", "CUSTOMER_ID", "account_id", "email", "e_mail", "respondent_no", "phone"]
)
def test_columns_that_name_persons_are_refused(name):
    with pytest.raises(ValueError, match="names persons"):
        Payload(key="k", kind="table", grid=Grid.of(estimates().assign(**{name: "x"})))


@pytest.mark.parametrize("name", ["topic_id", "paid", "valid", "phone_calls", "customers", "grid"])
def test_columns_that_only_sound_like_it_are_not(name):
    Payload(key="k", kind="table", grid=Grid.of(estimates().assign(**{name: "x"})))


def test_a_payload_of_another_version_is_refused():
    found = Payload(key="k", kind="table", grid=Grid.of(estimates())).to_json()
    with pytest.raises(ValueError, match="payloads of version 1"):
        Payload.from_json({**found, "version": 2})
    with pytest.raises(ValueError, match="missing or unknown field"):
        Payload.from_json({**found, "surprise": 1})


# --- show and record -----------------------------------------------------------------------------------------------


@pytest.fixture
def displayed(monkeypatch):
    """The bundles that show and record hand to Jupyter."""
    bundles = []
    monkeypatch.setattr(show, "_display", bundles.append)
    return bundles


@pytest.mark.parametrize(
    ("rows", "finding", "is_folded"), [(31, "topic_sources", True), (30, "topic_sources", False), (31, None, False)]
)
def test_a_long_table_is_folded_away_where_a_sentence_says_what_is_in_it(rows, finding, is_folded):
    frame = pd.DataFrame({"topic": [f"T{row}" for row in range(rows)], "source": "survey", "n": 90, "n_customers": 80})
    payload = payload_of("table", frame.assign(estimate=0.5, flag=""), finding=finding)
    assert (f"<summary>All {rows} rows</summary>" in html.fragment(protected(payload))) == is_folded


def test_show_displays_protected_html_and_leaves_the_full_frame(displayed):
    frame = estimates()
    before = frame.copy()
    assert cx.show(frame, "estimates", caption="NPS by plan", method="nps") is None
    pd.testing.assert_frame_equal(frame, before)
    (bundle,) = displayed
    assert set(bundle) == {MIME_TYPE, "text/html", "text/plain"}
    left = Payload.from_json(bundle[MIME_TYPE])
    assert left.key == "nps-by-plan"
    assert left.arguments["metric"] == "nps"
    assert left.to_frame()["n"].tolist() == frame["n"].tolist()
    for shown in (bundle["text/html"], bundle["text/plain"]):
        # The estimate and limits of the smallest group, to one decimal as in the frame and rounded as in the table.
        assert "40.0" not in shown
        assert "[32, 48]" not in shown
    assert "<style>" in bundle["text/html"]
    # The notes on methods stand in reports alone.
    assert "#method-" not in bundle["text/html"]
    assert "hostile" not in bundle["text/html"]


def test_record_shows_nothing(displayed):
    assert cx.record("changes", estimates()) is None
    (bundle,) = displayed
    assert set(bundle) == {MIME_TYPE}
    assert bundle[MIME_TYPE]["kind"] == "record"
    assert html.fragment(protected(Payload.from_json(bundle[MIME_TYPE]))) == ""


def test_a_study_gives_policy_and_provenance(displayed):
    study = SimpleNamespace(period="2026Q3", compare_to=None,
                            definition=SimpleNamespace(title="Halden", disclosure=Disclosure(min_base=50)))  # fmt: skip
    cx.show(estimates(), caption="x", study=study)
    assert displayed[0][MIME_TYPE]["provenance"] == {"study": "Halden", "period": "2026Q3"}
    assert displayed[0]["text/plain"].count("hidden") == 3
    cx.show(estimates(), caption="x", study=study, policy=Policy(min_base=5))
    assert displayed[1]["text/plain"].count("hidden") == 2


def test_an_own_figure_comes_along(displayed):
    figure = Figure()
    figure.subplots().plot([1, 2])
    cx.show(estimates().head(5), caption="Own", figure=figure)
    found = displayed[0][MIME_TYPE]
    assert found["kind"] == "figure"
    assert base64.b64decode(found["figure"]).startswith(b"\x89PNG")
    assert "data:image/png" in displayed[0]["text/html"]
    cx.show(estimates(), caption="Own", figure=figure)
    assert "left out of this edition" in displayed[1]["text/html"]


def test_an_unknown_sentence_is_refused_at_once(displayed):
    with pytest.raises(ValueError, match="there is no finding 'headlin'; did you mean 'headline'"):
        cx.show(estimates(), caption="x", finding="headlin")
    assert displayed == []


def test_an_unknown_order_is_refused_at_once(displayed):
    with pytest.raises(ValueError, match="order='estimate' is not known; give 'size'"):
        cx.show(estimates(), "estimates", caption="x", order="estimate")
    assert displayed == []


def test_outside_of_jupyter_the_text_is_printed(capsys):
    cx.show(estimates(), caption="NPS by plan")
    assert capsys.readouterr().out.startswith("NPS by plan\n")


def test_payloads_load_without_the_heavy_libraries():
    code = (
        "import sys, cxresearch.present.payload, cxresearch.present.disclosure;"
        "print([name for name in ('matplotlib', 'great_tables', 'seaborn', 'IPython') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


# --- fragments -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"record"}))
def test_hostile_names_stay_text_in_every_kind(kind):
    found = hostile_fragment(kind)
    parsed = Parsed(found)
    assert parsed.open == []
    allowed = (
        "figure figcaption p strong span small div dl dt dd ol li a table thead tbody tfoot tr th td details summary"
    )
    assert set(parsed.tags) <= {*allowed.split(), "code", "picture", "source", "img"}
    names = {name for name, _ in parsed.attributes}
    assert not any(name.startswith("on") or name == "style" for name in names)
    links = [value for name, value in parsed.attributes if name in ("href", "src", "srcset")]
    assert all(value.startswith(("#", "data:image/png;base64,", "02-scorecard.html#")) for value in links)
    assert len(parsed.ids) == len(set(parsed.ids))
    assert all(re.fullmatch(rf"hostile-{kind}(-[a-z0-9-]+)?", name) for name in parsed.ids)
    assert not re.search("[\x00-\x08\x0b-\x1f\u200b\u202a-\u202e\u2066-\u2069]", found)
    assert "<script>alert(1)</script>" in parsed.text


@pytest.mark.parametrize("kind", sorted(PLOTS))
def test_a_picture_has_four_variants_alt_text_and_its_data(kind):
    found = hostile_fragment(kind)
    assert found.count("<source ") == 3
    assert found.count("(prefers-color-scheme: dark)") == 2
    alt = re.search(r'<img alt="([^"]+)"', found)
    assert len(alt[1]) > 40
    assert re.search(r'<img alt="[^"]+" src="data:image/png;base64,[^"]+" width="720" height="\d+"', found)
    assert '<details class="cx-data"><summary>Data behind this figure</summary><div' in found


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"record", "facts", "sentence"}))
def test_no_number_of_a_hidden_row_is_in_a_fragment(kind, monkeypatch):
    monkeypatch.setattr(html, "_image", lambda *_: 'src=""')  # what pictures show is tested in test_plots
    frame = frame_for(kind)
    secret = 7.7777
    small = (frame["n_customers"] < 10).to_numpy()
    numbers = [name for name in ("estimate", "current", "conf_low", "conf_high", "share") if name in frame]
    frame.loc[small, numbers] = secret
    found = html.fragment(protected(payload_of(kind, frame)))
    assert small.any()
    assert not re.search(r"7\.8|7\.78|\b8 \[8", re.sub('base64,[^"]*', "", found))


def test_an_empty_frame_is_said_to_be_empty():
    for kind in set(KINDS) - {"record", "facts", "sentence", "figure"}:
        found = html.fragment(protected(payload_of(kind, frame_for(kind).head(0))))
        assert "cx-empty" in found, kind


def test_a_fragment_is_made_of_protected_payloads_only():
    with pytest.raises(TypeError, match=r"what disclosure\.protect returns"):
        html.fragment(payload_of("table"))
    with pytest.raises(TypeError, match="found a DataFrame"):
        html.fragment(estimates())


def test_a_fragment_is_the_same_each_time():
    assert html.fragment(protected(payload_of("estimates"))) == hostile_fragment("estimates")


def test_findings_are_sentences_with_owner_and_place():
    frame = changes().head(1).assign(plan="Plus").rename(columns={"plan": "level"})
    frame = frame.assign(segment="plan", owner="Care")[["metric", "segment", *frame.columns.drop("metric")]]
    found = html.fragment(protected(payload_of("findings", frame.drop(columns="key").assign(key="nps"), labels={})))
    assert "for Plus (plan)." in found
    assert 'Owner: Care · <a href="02-scorecard.html#nps">Where it stands</a>' in found


def test_a_link_out_of_the_report_is_dropped():
    frame = changes().head(1).assign(link="https://example.org")
    assert "example.org" not in html.fragment(protected(payload_of("findings", frame)))


def test_protected_payloads_read_back_with_their_tier():
    seen = protected(payload_of("table"))
    assert ProtectedPayload.from_json(json.dumps(seen.to_json())) == seen
    with pytest.raises(ValueError, match="unknown field"):
        Payload.from_json(seen.to_json())
