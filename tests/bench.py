"""`make bench`: ours beside a named peer in one process, medians of several runs, and the ratio. Nothing is left out.

Reading: a CSV of 1,000,000 answers x 20 columns, to text cells and on to an accepted frame, beside `pandas.read_csv` of
the same file as text; every run in a process of its own, with its peak memory. A Parquet file of 10,000,000 x 20, to an
accepted frame, to the cache of a study, and from there to `study.responses`, beside `pandas.read_parquet` of the file.
Scorecard: NPS with linearised errors by 3 segments x 8 quarters on 1,000,000 answers, beside pandas' bare
groupby-mean of the same. Raking: 1,000,000 answers to 5 margins, beside `weightipy` in an environment of its own.
Bridge: 1,000 resamples of 100,000 answers, beside a bootstrap of the two means alone.
Topics: see bench_topics.py.
"""

import json
import multiprocessing
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from bench_topics import topics
from pyarrow import parquet

from cxresearch import metrics, segments, study_data, weights
from cxresearch.intake.accept import accept
from cxresearch.intake.read import read
from cxresearch.study import load_study

ROWS_BRIDGED = 100_000
ROWS_READ, ROWS_SCORED, RUNS = 1_000_000, 1_000_000, 3
ROWS_LARGE, ROWS_A_GROUP = 10_000_000, 500_000
SEGMENTS = ["plan", "region", "tenure"]
ROWS_RAKED, LEVELS = 1_000_000, "abcdefgh"
# weightipy is not in the lock: it is installed once, beside everything else, and given pyarrow as we have it.
PEER_ENVIRONMENT = Path(tempfile.gettempdir()) / "cxresearch-bench-weightipy"
PEER = """
import json, statistics, sys, time
import numpy as np, pandas as pd, weightipy
codes, shares = np.load(sys.argv[1]), json.loads(sys.argv[2])
frame = pd.DataFrame({name: np.array(list(sys.argv[3]))[code] for name, code in zip(shares, codes)}).astype("str")
times = []
for _ in range(int(sys.argv[4])):
    began = time.perf_counter()
    scheme = weightipy.scheme_from_dict({v: {level: 100 * x for level, x in one.items()} for v, one in shares.items()})
    weight = weightipy.weight_dataframe(frame, scheme)["weights"]
    times.append(time.perf_counter() - began)
print(statistics.median(times), weight.min(), weight.max())
"""


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
    write_study(folder, "answers.csv")
    theirs, their_memory = in_a_fresh_process(read_by_pandas, folder)
    for name, work in {"read": read_by_us, "read, parse and accept": accepted_by_us}.items():
        ours, memory = in_a_fresh_process(work, folder)
        report(f"{name} {ROWS_READ:,} x 20", ours, "pandas.read_csv as text", theirs)
        report_memory(memory, their_memory)


def write_study(folder: Path, source: str) -> None:
    """Write the study file of an export."""
    drivers = [f"driver_{number}" for number in range(8)]
    columns = (
        "{response_id: id, customer_id: customer, responded_at: date, nps: nps, csat: {from: csat, scale: [1, 5]}, "
    )
    columns += (
        "ces: {from: ces, scale: [1, 7]}, verbatim: why, duration_s: seconds, mode: mode, plan: plan, region: region, "
    )
    columns += f"tenure: tenure, drivers: {{from: [{', '.join(drivers)}], scale: [1, 10]}}}}"
    text = f"title: Bench\ntables:\n  responses:\n    source: {source}\n    columns: {columns}\n"
    (folder / "study.yaml").write_text(f"{text}segments: {{plan: {{source: plan}}, region: {{source: region}}}}\n")


def report_memory(ours: float, theirs: float) -> None:
    """Print the peak memory of one comparison."""
    print(f"{'':42} {ours:8.2f} GB  {'at most':34} {theirs:8.2f} GB  ratio {ours / theirs:5.2f}")


def reading_large(folder: Path) -> None:
    """Measure a large Parquet file on its way to the notebooks; once, because it takes minutes."""
    write_large(folder / "answers.parquet")
    write_study(folder, "answers.parquet")
    theirs, their_memory = in_a_fresh_process(large_by_pandas, folder, runs=1)
    chain = {"accept": large_by_us, "accept and keep": kept_by_us, "load what is kept": loaded_by_us}
    for name, work in chain.items():
        ours, memory = in_a_fresh_process(work, folder, runs=1)
        report(f"{name} {ROWS_LARGE:,} x 20", ours, "pandas.read_parquet", theirs)
        report_memory(memory, their_memory)


def write_large(path: Path) -> None:
    """Write a large export, a group of rows at a time."""
    writer = None
    for start in range(0, ROWS_LARGE, ROWS_A_GROUP):
        rows = export(ROWS_A_GROUP, np.random.default_rng(start))
        rows["id"] = [f"R{number:08d}" for number in range(start, start + ROWS_A_GROUP)]
        group = pa.Table.from_pandas(rows, preserve_index=False)
        writer = writer or parquet.ParquetWriter(path, group.schema)
        writer.write_table(group)
    if writer:
        writer.close()


def large_by_pandas(folder: Path) -> None:
    """Read the large file."""
    pd.read_parquet(folder / "answers.parquet")


def large_by_us(folder: Path) -> None:
    """Read, parse and accept the large file."""
    accept(load_study(folder / "study.yaml"), "responses", [folder / "answers.parquet"])


def kept_by_us(folder: Path) -> None:
    """Fill the cache of a study with the large file."""
    os.environ["CXRESEARCH_ROOT"] = str(folder)
    study_data.fill(load_study(folder / "study.yaml"))


def loaded_by_us(folder: Path) -> None:
    """Load the answers from the cache."""
    os.environ["CXRESEARCH_ROOT"] = str(folder)
    _ = study_data.load(load_study(folder / "study.yaml"), "2026Q3").responses


def read_by_pandas(folder: Path) -> None:
    """Read the file as text."""
    pd.read_csv(folder / "answers.csv", dtype="str", keep_default_na=False)


def read_by_us(folder: Path) -> None:
    """Read the file as a source."""
    read(folder / "answers.csv")


def accepted_by_us(folder: Path) -> None:
    """Read, parse and accept the file."""
    accept(load_study(folder / "study.yaml"), "responses", [folder / "answers.csv"])


def in_a_fresh_process(work: Callable[[Path], None], folder: Path, runs: int = RUNS) -> tuple[float, float]:
    """Return the median time of several runs, each in a process of its own, and the peak memory in GB."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), max_tasks_per_child=1) as pool:
        costs = [pool.submit(cost, work, folder).result() for _ in range(runs)]
    return statistics.median(seconds for seconds, _ in costs), max(memory for _, memory in costs)


def cost(work: Callable[[Path], None], folder: Path) -> tuple[float, float]:
    """Return the seconds one run takes, and the peak memory of this process in GB."""
    began = time.perf_counter()
    work(folder)
    seconds = time.perf_counter() - began
    # Unlike ru_maxrss, this begins anew with the program and does not know what the one that started it held.
    peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return seconds, int(peak[1]) / 2**20 if peak else float("nan")


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


def answers_to_rake() -> tuple[np.ndarray, pd.DataFrame, dict[str, dict[str, float]]]:
    """Return codes of five related variables of 3 to 7 levels, the frame of them, and margins that differ from it."""
    rng = np.random.default_rng(2)
    hidden = rng.normal(size=ROWS_RAKED)
    codes, margins = [], {}
    for n_levels in range(3, 8):
        code = np.searchsorted(np.linspace(-1, 1, n_levels - 1), 0.5 * hidden + rng.normal(size=ROWS_RAKED))
        share = np.bincount(code) * np.linspace(0.7, 1.4, n_levels)
        margins[f"v{n_levels}"] = dict(zip(LEVELS, (share / share.sum()).tolist(), strict=False))
        codes.append(code)
    frame = pd.DataFrame({name: np.array(list(LEVELS))[code] for name, code in zip(margins, codes, strict=True)})
    return np.stack(codes), frame.astype("str"), margins


def peer_python() -> Path:
    """Return the Python that has weightipy, installing it the first time."""
    python = PEER_ENVIRONMENT / "bin" / "python"
    ready = python.exists() and not subprocess.run([python, "-c", "import weightipy, pyarrow"]).returncode
    if not ready:
        subprocess.run([sys.executable, "-m", "venv", PEER_ENVIRONMENT], check=True, capture_output=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "weightipy", "pyarrow"], check=True, capture_output=True)
    return python


def raking() -> None:
    """Measure raking to five margins."""
    codes, frame, margins = answers_to_rake()
    name = f"rake {ROWS_RAKED:,} to 5 margins"
    ours = median_seconds(lambda: weights.rake(frame, margins))
    try:
        python = peer_python()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"{name:42} {ours:8.2f} s   weightipy could not be installed ({type(error).__name__}): not compared")
        return
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "codes.npy", codes)
        arguments = [Path(folder) / "codes.npy", json.dumps(margins), LEVELS, str(RUNS)]
        found = subprocess.run([python, "-c", PEER, *arguments], check=True, capture_output=True, text=True).stdout
    theirs, lowest, highest = map(float, found.split()[-3:])
    row = weights.rake(frame, margins).diagnostics.iloc[0]
    same = np.allclose([lowest, highest], [row["min"], row["max"]], rtol=1e-3)
    report(name, ours, "weightipy" if same else "weightipy, OTHER WEIGHTS", theirs)


def bridging() -> None:
    """Measure the bridge with its resamples, beside a plain bootstrap of the change alone by rows."""
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"nps": rng.integers(0, 11, ROWS_BRIDGED).astype(float)})
    frame["plan"], frame["customer_id"] = rng.choice(list("abcdef"), ROWS_BRIDGED), rng.permutation(ROWS_BRIDGED) // 2
    half = ROWS_BRIDGED // 2
    votes = np.select([frame["nps"] > 8, frame["nps"] < 7], [1.0, -1.0], 0.0)
    waves = votes[:half], votes[half:]
    ours = median_seconds(lambda: segments.decompose(frame[:half], frame[half:], "nps", "plan"))
    theirs = median_seconds(lambda: [[rng.choice(wave, half).mean() for wave in waves] for _ in range(1_000)])
    report(f"bridge, 1,000 resamples of {ROWS_BRIDGED:,}", ours, "bootstrap of two means by rows", theirs)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        reading(Path(name))
        reading_large(Path(name))
    scoring()
    raking()
    bridging()
    topics()
