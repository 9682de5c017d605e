"""Figures show what the protected frame holds, legibly, in both themes, the same bytes each time."""

import hashlib
import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from cxresearch.present import canvas, html, palette, plots
from cxresearch.present.disclosure import Policy, protect
from cxresearch.present.lines import sequence
from cxresearch.present.payload import PLOTS, Grid, Payload

LONG = "Contract renewal by phone, with a change of address and of the way to pay"
AA_TEXT, AA_MARKS = 4.5, 3.0


def estimates(levels=25, column="touchpoint"):
    rng = np.random.default_rng(1)
    names = [LONG, "Shop", *(f"Touchpoint {number}" for number in range(levels - 2))]
    frame = pd.DataFrame({column: names, "n": 120, "n_customers": 120, "estimate": rng.normal(20, 15, levels)})
    return frame.assign(std_error=4.0, conf_low=frame["estimate"] - 8, conf_high=frame["estimate"] + 8, flag="")


def trend():
    frame = pd.DataFrame({"period": ["2025Q3", "2025Q4", "2026Q2", "2026Q3"], "n": 200, "n_customers": 200})
    frame = frame.assign(estimate=[10.0, 20.0, 15.0, 25.0], std_error=2.0, flag="")
    return frame.assign(conf_low=frame["estimate"] - 4, conf_high=frame["estimate"] + 4)


def frame_for(kind):
    if kind == "trend":
        return trend()
    if kind == "distribution":
        counts = [30, 12, 14, 20, 25, 60, 71, 140, 190, 210, 228]
        return pd.DataFrame(
            {"score": range(11), "n": counts, "n_customers": counts, "estimate": np.array(counts) / 1000}
        )
    if kind == "flow":
        return pd.DataFrame(
            {"stage": ["invited", "answered", "linked"], "n": [6000, 1000, 900], "n_customers": [6000, 1000, 900]}
        )
    if kind == "curves":
        return estimates(12).assign(price=range(12))[["price", *estimates().columns[1:]]]
    if kind == "matrix":
        return estimates(14, "driver").assign(importance=np.linspace(0.05, 0.1, 14))
    return estimates(5, "plan")


def protected(kind, frame=None, **arguments):
    arguments |= {"x": "importance"} if kind == "matrix" else {"x": "price"} if kind == "curves" else {}
    grid = Grid.of(frame_for(kind) if frame is None else frame)
    payload = Payload(key="fig", kind=kind, grid=grid, caption="A figure", arguments=arguments)
    return protect([payload], Policy()).payloads[0]


def texts(figure):
    return [text for text in figure.texts if text.get_text()]


def boxes(figure):
    """The boxes of a figure's texts in pixels."""
    renderer = canvas.FigureCanvasAgg(figure).get_renderer()
    figure.canvas.draw()
    ticks = [
        tick.label1
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        if axes.axison and axis.get_visible()
        for tick in axis.get_major_ticks()
        if min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval()) and tick.label1.get_text()
    ]
    return [(text.get_text(), text.get_window_extent(renderer)) for text in [*texts(figure), *ticks]]


def points(axes):
    """The places of single dots in axes."""
    return [tuple(float(value[0]) for value in line.get_data()) for line in axes.lines if len(line.get_xdata()) == 1]


def pairs(axes):
    """Both ends of the lines of two points, level ones (intervals) and upright ones (marks)."""
    ends = [(line.get_xdata(), line.get_ydata()) for line in axes.lines if len(line.get_xdata()) == 2]
    return [tuple(x) for x, y in ends if y[0] == y[1]], [x[0] for x, y in ends if x[0] == x[1]]


# --- what is drawn -------------------------------------------------------------------------------------------------


def test_dots_and_intervals_are_those_of_the_frame():
    frame = estimates(5, "plan")
    axes = plots.draw(protected("estimates", frame, metric="nps")).axes[0]
    assert [x for x, _ in points(axes)] == pytest.approx(frame["estimate"].tolist())
    drawn, _ = pairs(axes)
    assert drawn == [pytest.approx(pair) for pair in zip(frame["conf_low"], frame["conf_high"], strict=True)]
    low, high = axes.get_xlim()
    assert low < frame["conf_low"].min()
    assert frame["conf_high"].max() < high


def test_an_interval_without_a_limit_reaches_the_edge():
    frame = estimates(4)
    frame.loc[1, ["conf_low", "conf_high"]] = [-np.inf, np.inf]
    axes = plots.draw(protected("estimates", frame)).axes[0]
    assert axes.get_xlim() in pairs(axes)[0]


def test_hidden_groups_are_named_and_not_drawn():
    frame = estimates(5, "plan")
    frame.loc[[0, 1], ["n", "n_customers"]] = 7
    frame.loc[[0, 1], "estimate"] = 88.8
    figure = plots.draw(protected("estimates", frame, metric="nps"))
    written = " ".join(text.get_text() for text in texts(figure))
    assert len(points(figure.axes[0])) == 3
    assert "Not shown, to protect small groups: Contract renewal by phone" in written
    assert "89" not in written
    assert figure.axes[0].get_xlim()[1] < 88


def test_small_bases_are_hollow_and_grey():
    frame = estimates(4, "plan").assign(flag=["", "indicative", "", ""])
    figure = plots.draw(protected("estimates", frame))
    dots = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 1]
    assert [dot.get_markerfacecolor() == palette.THEMES["light"].paper for dot in dots] == [False, True, False, False]
    assert dots[1].get_color() == palette.MUTED_SERIES
    assert any("Hollow: small base" in text.get_text() for text in texts(figure))


def test_bases_values_and_reference_lines_are_written():
    frame = pd.concat(
        [
            estimates(3, "level").assign(segment="plan"),
            estimates(2, "level").assign(segment="all", level="all", estimate=27.0),
        ]
    )
    frame = frame.drop_duplicates(["segment", "level"])[["segment", "level", *estimates().columns[1:]]].reset_index(
        drop=True
    )
    frame["n"] = frame["n_customers"] = range(120, 120 + len(frame))
    figure = plots.draw(protected("estimates", frame, metric="nps", target=35))
    written = [text.get_text() for text in texts(figure)]
    for text in ("Answers", "120", "All 27", "Target 35", "NPS (points)"):
        assert text in written
    assert pairs(figure.axes[0])[1] == [27.0, 35]


def test_one_base_of_all_rows_is_told_once():
    frame = estimates(4, "plan")
    assert frame["n"].nunique() == 1
    written = [text.get_text() for text in texts(plots.draw(protected("estimates", frame)))]
    assert "Answers" not in written
    assert written.count(f"Answers behind each row: {frame['n'].iloc[0]}.") == 1


def test_changes_are_coloured_only_where_the_data_support_them():
    frame = estimates(3, "plan").assign(previous=1.0, current=2.0, verdict=["rose", "fell", "cannot tell"])
    frame["estimate"] = [8.0, -8.0, 3.0]
    axes = plots.draw(protected("estimates", frame, metric="nps")).axes[0]
    colours = [line.get_color() for line in axes.lines if len(line.get_xdata()) == 1]
    assert colours == [palette.SERIES[2], palette.SERIES[1], palette.MUTED_SERIES]
    assert pairs(axes)[1] == [0.0]


def test_bars_begin_at_zero_and_flow_tells_what_was_lost():
    axes = plots.draw(protected("flow")).axes[0]
    assert [bar.get_width() for bar in axes.patches] == [6000, 1000, 900]
    assert {bar.get_x() for bar in axes.patches} == {0}
    written = [text.get_text() for text in texts(plots.draw(protected("flow")))]
    assert f"5{canvas_thin()}000 lost" in written
    assert "100 lost" in written
    assert "15% of invited" in written


def canvas_thin():
    from cxresearch.present.labels import THOUSANDS

    return THOUSANDS


def test_a_trend_has_gaps_breaks_and_a_value_at_its_end():
    payload = protected("trend", metric="nps", breaks=[{"period": "2026Q3", "words": "SMS added"}])
    figure = plots.draw(payload)
    axes = figure.axes[0]
    lines = [
        tuple(line.get_xdata()) for line in axes.lines if line.get_linestyle() == "-" and line.get_marker() == "None"
    ]
    # 2026Q1 has no data, and the line may not cross the break before 2026Q3.
    assert lines[:3] == [(0, 1), (3,), (4,)]
    written = [text.get_text() for text in texts(figure)]
    assert "SMS added" in written
    assert "25" in written
    assert [label.get_text() for label in axes.get_xticklabels()] == [
        "Q3 2025",
        "Q4 2025",
        "Q1 2026",
        "Q2 2026",
        "Q3 2026",
    ]


def test_a_broken_trend_says_so_by_its_flag():
    frame = trend().assign(flag=["", "", "scale changed: not comparable with earlier periods", ""])
    written = [text.get_text() for text in texts(plots.draw(protected("trend", frame)))]
    assert "not comparable with before" in written


def test_two_segments_become_small_multiples():
    parts = [trend().assign(region=region, plan=plan) for region in "ABC" for plan in ("Basic", "Plus")]
    frame = pd.concat(parts, ignore_index=True)
    figure = plots.draw(protected("trend", frame[["region", "plan", *trend().columns]], metric="nps"))
    assert len(figure.axes) == 3
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    # The key to the lines stands above all panels; at their ends stand values alone.
    assert [text.get_text() for text in texts(figure)].count("Basic") == 1


def test_more_lines_than_can_be_followed_get_panels_of_their_own():
    frame = pd.concat([trend().assign(plan=f"Plan {number}") for number in range(6)], ignore_index=True)
    assert len(plots.draw(protected("trend", frame[["plan", *trend().columns]])).axes) == 6


def test_periods_without_data_are_part_of_the_sequence():
    assert sequence(pd.Series(["2026-11", "2027-02"])) == ["2026-11", "2026-12", "2027-01", "2027-02"]
    assert sequence(pd.Series(["autumn", "spring"])) == ["autumn", "spring"]
    assert sequence(pd.Series(["all"])) == ["all"]


def test_the_distribution_is_shaded_by_group():
    figure = plots.draw(protected("distribution"))
    colours = [bar.get_facecolor()[:3] for bar in figure.axes[0].patches]
    expected = [palette.DETRACTOR] * 7 + [palette.PASSIVE] * 2 + [palette.PROMOTER] * 2
    assert colours == [pytest.approx(to_rgb(colour)) for colour in expected]
    written = [text.get_text() for text in texts(figure)]
    assert {"Detractors 23%", "Passives 33%", "Promoters 44%"} <= set(written)


def test_group_shares_are_not_told_where_an_answer_is_hidden():
    frame = frame_for("distribution")
    frame.loc[1, ["n", "n_customers"]] = 4
    written = " ".join(text.get_text() for text in texts(plots.draw(protected("distribution", frame))))
    assert "Detractors" in written
    assert "Detractors 2" not in written


def test_a_bridge_adds_up():
    frame = pd.DataFrame(
        {"term": ["Q2", "Mix", "Rate", "Q3"], "n": 500, "n_customers": 500, "estimate": [20.0, -3.0, 8.0, 25.0]}
    )
    bars = plots.draw(protected("bridge", frame, metric="nps")).axes[0].patches
    assert [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in bars] == [(0, 20), (20, 17), (17, 25), (0, 25)]


# --- legible -------------------------------------------------------------------------------------------------------


def five_lines():
    """Lines that end at nearly the same value, with long names."""
    parts = [trend().assign(plan=f"{LONG} {number}", estimate=20.0 + number / 10) for number in range(5)]
    return pd.concat(parts, ignore_index=True)[["plan", *trend().columns]]


@pytest.mark.parametrize("width", ["wide", "narrow"])
@pytest.mark.parametrize("kind", sorted(PLOTS))
def test_no_text_lies_on_another_or_out_of_the_picture(kind, width):
    frame = five_lines() if kind == "trend" else estimates(25) if kind in ("estimates", "bars") else None
    figure = plots.draw(protected(kind, frame, metric="nps"), width=width)
    found = boxes(figure)
    assert len(found) > 5
    right, top = figure.bbox.x1, figure.bbox.y1
    for number, (text, box) in enumerate(found):
        assert box.x0 >= -1, text
        assert box.x1 <= right + 1, text
        assert box.y0 >= -1, text
        assert box.y1 <= top + 1, text
        for other, against in found[:number]:
            across = min(box.x1, against.x1) - max(box.x0, against.x0)
            down = min(box.y1, against.y1) - max(box.y0, against.y0)
            assert across <= 1 or down <= 2, (text, other)


@pytest.mark.parametrize("width", ["wide", "narrow"])
def test_text_is_as_large_on_the_page_as_the_page_has_it(width):
    figure = plots.draw(protected("estimates"), width=width)
    sizes = {round(text.get_fontsize() / canvas.POINTS) for text in texts(figure)}
    assert sizes <= {canvas.SMALL, canvas.NORMAL}
    assert figure.get_size_inches()[0] * figure.dpi == pytest.approx(canvas.WIDTHS[width])


def contrast(one, other):
    """The contrast ratio of WCAG."""

    def luminance(colour):
        parts = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", palette.THEMES.values(), ids=palette.THEMES)
def test_colours_have_contrast(theme):
    for ground in (theme.paper, theme.muted):
        for colour in (theme.ink, theme.ink_soft, theme.accent, theme.good, theme.bad, theme.warn):
            assert contrast(colour, ground) >= AA_TEXT
    for colour in (*palette.SERIES, palette.MUTED_SERIES, palette.DETRACTOR, palette.PASSIVE, palette.PROMOTER):
        assert contrast(colour, theme.paper) >= AA_MARKS


def test_the_style_sheet_has_the_colours_of_the_palette():
    css = html.stylesheet()
    blocks = [
        css[css.index(":root") :],
        css[css.index("prefers-color-scheme: dark") :],
        css[css.index("@media print") :],
    ]
    for block, theme in zip(blocks, ("light", "dark", "light"), strict=True):
        declared = dict(re.findall(r"--cx-([a-z-]+): (#[0-9a-f]{6});", block[: block.index("}")]))
        for name, colour in vars(palette.THEMES[theme]).items():
            assert declared[name.replace("_", "-")] == colour


# --- files ---------------------------------------------------------------------------------------------------------


def test_files_are_the_same_bytes_each_time_and_hold_no_date():
    first, second = (plots.files(protected("estimates", metric="nps")) for _ in range(2))
    assert sorted(first) == ["fig-dark.png", "fig-dark.svg", "fig.png", "fig.svg"]
    assert {n: hashlib.sha256(b).hexdigest() for n, b in first.items()} == {
        n: hashlib.sha256(b).hexdigest() for n, b in second.items()
    }
    assert first["fig.png"] != first["fig-dark.png"]
    with Image.open(io.BytesIO(first["fig.png"])) as picture:
        assert picture.width == 2 * canvas.WIDTHS["wide"]
        assert picture.info == {} or set(picture.info) <= {"dpi"}
        assert picture.getpixel((0, 0)) == to_bytes(palette.THEMES["light"].paper)
    text = first["fig.svg"].decode()
    assert ET.fromstring(text).tag.endswith("svg")
    assert "dc:date" not in text
    assert str(Path.cwd()) not in text


def to_bytes(colour):
    return tuple(round(part * 255) for part in to_rgb(colour))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_small_picture_has_the_ground_of_the_page(theme):
    painted = canvas.painted(plots.draw(protected("estimates"), theme))
    with Image.open(io.BytesIO(canvas.png(painted, small=True))) as picture:
        assert picture.convert("RGB").getpixel((0, 0)) == to_bytes(palette.THEMES[theme].paper)


def test_drawing_leaves_no_open_figure_and_no_setting_behind():
    before = dict(plt.rcParams)
    plots.files(protected("trend"))
    assert plt.get_fignums() == []
    assert dict(plt.rcParams) == before


@pytest.mark.parametrize("name", ["$x^{", "$x^{$", "北部", "\x00a\x07", "{{7*7}}", "a_b^c", "\\frac", "%s %d", "‮rtl"])
def test_any_name_can_be_drawn(name):
    frame = estimates(4, "plan").replace({"Shop": name})
    found = plots.files(protected("estimates", frame))
    assert ET.fromstring(found["fig.svg"].decode()) is not None


# --- refusals ------------------------------------------------------------------------------------------------------


def test_what_cannot_be_drawn_is_refused_in_a_sentence():
    raw = Payload(key="fig", kind="estimates", grid=Grid.of(estimates(5)))
    with pytest.raises(TypeError, match="found a Payload"):
        plots.draw(raw)
    with pytest.raises(ValueError, match="there is no theme 'sepia'"):
        plots.draw(protected("estimates"), "sepia")
    with pytest.raises(ValueError, match="there is no width 'huge'"):
        plots.draw(protected("estimates"), width="huge")
    with pytest.raises(ValueError, match="'table' is no figure"):
        plots.draw(protected("table"))


def test_every_kind_of_plot_can_be_drawn():
    assert set(plots.DRAWN) == set(PLOTS)
