"""`make bench`: ours beside a named peer in one process, medians of several runs, and the ratio. Nothing is left out.

Reading: a quarter's CSV of 200,000 answers x 20 columns to an accepted frame, beside `pandas.read_csv` of the same file
as text. Scorecard: NPS with linearised errors by 3 segments x 8 quarters on 1,000,000 answers, beside pandas' bare
groupby-mean of the same.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from cxresearch import metrics
from cxresearch.intake.accept import accept
from cxresearch.study import load_study

ROWS_READ, ROWS_SCORED, RUNS = 200_000, 1_000_000, 3
SEGMENTS = ["plan", "region", "tenure"]


def median_seconds(work: Callable[[], object]) -> float:
    """Return the median time of several runs."""
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def report(name: str, ours: float, peer: str, theirs: float) -> None:
    """Print one comparison."""
    print(f"{name:42} {ours:8.2f} s   {peer:34} {theirs:8.2f} s   ratio {ours / theirs:5.2f}")


def export(rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return a made-up export of 20 columns."""
    days = pd.Timestamp("2026-07-01") + pd.to_timedelta(rng.integers(0, 92 * 24 * 3600, rows), unit="s")
    frame = {"id": [f"R{number:07d}" for number in range(rows)], "customer": rng.integers(0, rows, rows), "date": days}
    frame |= {"nps": rng.integers(0, 11, rows), "csat": rng.integers(1, 6, rows), "ces": rng.integers(1, 8, rows)}
    frame |= {f"driver_{number}": rng.integers(1, 11, rows) for number in range(8)}
    frame |= {name: rng.choice(["a", "b", "c", "d"], rows) for name in (*SEGMENTS, "mode")}
    frame |= {"why": rng.choice(["fine", "too slow", ""], rows), "seconds": rng.integers(20, 900, rows)}
    return pd.DataFrame(frame)


def reading(folder: Path) -> None:
    """Measure reading and checking a file."""
    export(ROWS_READ, np.random.default_rng(0)).to_csv(folder / "answers.csv", index=False)
    drivers = [f"driver_{number}" for number in range(8)]
    columns = (
        "{response_id: id, customer_id: customer, responded_at: date, nps: nps, csat: {from: csat, scale: [1, 5]}, "
    )
    columns += (
        "ces: {from: ces, scale: [1, 7]}, verbatim: why, duration_s: seconds, mode: mode, plan: plan, region: region, "
    )
    columns += f"tenure: tenure, drivers: {{from: [{', '.join(drivers)}], scale: [1, 10]}}}}"
    text = f"title: Bench\ntables:\n  responses:\n    source: answers.csv\n    columns: {columns}\n"
    (folder / "study.yaml").write_text(text)
    study = load_study(folder / "study.yaml")
    file = folder / "answers.csv"
    ours = median_seconds(lambda: accept(study, "responses", [file]))
    theirs = median_seconds(lambda: pd.read_csv(file, dtype="str", keep_default_na=False))
    report(f"read and check {ROWS_READ:,} x 20", ours, "pandas.read_csv as text", theirs)


def scoring() -> None:
    """Measure NPS with standard errors by segments and quarters."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"nps": rng.integers(0, 11, ROWS_SCORED).astype(float)})
    frame["period"] = rng.choice([f"2025Q{q}" for q in (1, 2, 3, 4)] + [f"2026Q{q}" for q in (1, 2, 3, 4)], ROWS_SCORED)
    for name in SEGMENTS:
        frame[name] = rng.choice(["a", "b", "c", "d"], ROWS_SCORED)
    votes = pd.Series(np.select([frame["nps"] > 8, frame["nps"] < 7], [1.0, -1.0], 0.0))
    ours = median_seconds(lambda: [metrics.nps(frame, [name, "period"]) for name in SEGMENTS])
    theirs = median_seconds(lambda: [votes.groupby([frame[name], frame["period"]]).mean() for name in SEGMENTS])
    report(f"NPS by 3 segments x 8 quarters, {ROWS_SCORED:,}", ours, "pandas groupby-mean, no errors", theirs)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        reading(Path(name))
    scoring()
