"""`make bench`: ours beside a named peer in one process, medians of several runs, and the ratio. Nothing is left out.

Reading: a CSV of 1,000,000 answers x 20 columns, to text cells and on to an accepted frame, beside `pandas.read_csv` of
the same file as text; every run in a process of its own, with its peak memory. A Parquet file of 10,000,000 x 20, to an
accepted frame, to the cache of a study, and from there to `study.responses`, beside `pandas.read_parquet` of the file.
Scorecard: NPS with linearised errors by 3 segments x 8 quarters on 1,000,000 answers, beside pandas' bare
groupby-mean of the same. Raking: 1,000,000 answers to 5 margins, beside `weightipy` in an environment of its own.
Bridge: 1,000 resamples of 100,000 answers, beside a bootstrap of the two means alone.
Redaction: the demo's distinct comments, by themselves: no peer that knows these kinds is free to run here.
Assignment: 5,000,000 units to arms by a keyed hash, with the load of the machine: no peer keeps its arms computable.
Topics: see bench_topics.py. Report: see bench_report.py; `python tests/bench.py report` measures it alone.
"""

import json
import multiprocessing
import os
import re
import shutil
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
from bench_report import reports
from bench_topics import topics
from pyarrow import parquet

from cxresearch import metrics, segments, study_data, weights
from cxresearch.intake.accept import accept
from cxresearch.intake.read import read
from cxresearch.intake.redact import known_of, redact
from cxresearch.questions.assign import assign
from cxresearch.schema.questions import Assignment
from cxresearch.stats.cross_products import cross_products, resampled_products, standardised
from cxresearch.stats.importance import shapley
from cxresearch.stats.subsets import explained, swept
from cxresearch.study import load_study, source_files

ROWS_BRIDGED = 100_000
UNITS = 5_000_000
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

DRIVERS, ROWS_DRIVEN, RESAMPLES, AT_ONCE = (10, 12, 15, 18), 5_000, 1_000, 64
# dominance-analysis goes to a folder of its own and runs on our Python; it draws nothing here, so that the drawing
# libraries which it imports need not be there.
DOMINANCE_FOLDER = Path(tempfile.gettempdir()) / "cxresearch-bench-dominance-analysis"
DOMINANCE = """
import sys, time
from unittest.mock import MagicMock
for name in ("cufflinks", "plotly", "plotly.offline", "bokeh", "bokeh.plotting", "bokeh.io", "bokeh.models",
             "bokeh.models.formatters"):
    sys.modules[name] = MagicMock()
sys.path.insert(0, sys.argv[1])
import pandas as pd
from dominance_analysis import Dominance
frame = pd.read_csv(sys.argv[2])
began = time.perf_counter()
found = Dominance(data=frame, target="y", top_k=frame.shape[1] - 1, objective=1).incremental_rsquare()
print()
print(time.perf_counter() - began, *(found[name] for name in frame.columns[:-1]))
"""
RELAIMPO = """
suppressMessages(library(relaimpo))
frame <- read.csv(commandArgs(TRUE)[1])
taken <- system.time(found <- calc.relimp(cov(frame[c("y", setdiff(names(frame), "y"))]), type = "lmg"))[["elapsed"]]
cat(taken, found@lmg)
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


def rated(drivers: int, rows: int) -> tuple[np.ndarray, pd.DataFrame]:
    """Return standardised ratings that travel together with an outcome, after a column of ones, and their frame."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(rows, drivers)) + rng.normal(size=(rows, 1))
    frame = pd.DataFrame(x, columns=[f"d{number}" for number in range(drivers)])
    frame["y"] = x @ np.linspace(0, 1, drivers) + drivers * rng.normal(size=rows)
    return standardised(frame.to_numpy(), np.ones(rows)), frame


def lmg(matrix: np.ndarray) -> np.ndarray:
    """Return the LMG shares of R² from cross-products, many matrices side by side."""
    return shapley(explained(swept(matrix), [1] * (len(matrix) - 2)))


def resampled_lmg(columns: np.ndarray) -> list[np.ndarray]:
    """Return the LMG shares of resamples of the rows, the cross-products made as well."""
    rows = len(columns)
    matrices = resampled_products(columns, np.ones(rows), np.arange(rows), RESAMPLES, seed=0)
    return [lmg(matrices[..., start : start + AT_ONCE]) for start in range(0, RESAMPLES, AT_ONCE)]


def driving() -> None:
    """Measure the importance of drivers."""
    for drivers in DRIVERS:
        columns, frame = rated(drivers, ROWS_DRIVEN)
        matrix = cross_products(columns, np.ones(ROWS_DRIVEN))
        parts, ours = lmg(matrix), median_seconds(lambda matrix=matrix: lmg(matrix))
        print(f"LMG of {drivers} drivers from the matrix".ljust(42), f"{1_000 * ours:8.2f} ms")
        beside_r(f"LMG of {drivers} drivers", ours, parts, frame)
        if drivers == DRIVERS[0]:
            took = median_seconds(lambda columns=columns: resampled_lmg(columns))
            print(f"{RESAMPLES:,} resamples of {ROWS_DRIVEN:,} answers".ljust(42), f"{took:8.2f} s")
            whole = median_seconds(lambda frame=frame: lmg(cross_products(rated_again(frame), np.ones(ROWS_DRIVEN))))
            beside_dominance(f"LMG of {drivers} drivers from rows", whole, parts, frame)
    columns, _ = rated(DRIVERS[0], ROWS_SCORED)
    once = median_seconds(lambda: lmg(cross_products(columns, np.ones(ROWS_SCORED))))
    print(f"LMG of {DRIVERS[0]} drivers, {ROWS_SCORED:,} answers".ljust(42), f"{once:8.2f} s")


def rated_again(frame: pd.DataFrame) -> np.ndarray:
    """Return the standardised columns of a frame."""
    return standardised(frame.to_numpy(), np.ones(len(frame)))


def beside_r(name: str, ours: float, parts: np.ndarray, frame: pd.DataFrame) -> None:
    """Compare with relaimpo, which starts from the covariances as well."""
    script = shutil.which("Rscript")
    command = [script, "-e", "quit(status = !requireNamespace('relaimpo', quietly = TRUE))"]
    if script is None or subprocess.run(command, capture_output=True).returncode:
        print(f"{name:42} R with relaimpo is not installed: not compared")
        return
    beside(name, ours, "relaimpo", parts, frame, [script, "-e", RELAIMPO])


def beside_dominance(name: str, ours: float, parts: np.ndarray, frame: pd.DataFrame) -> None:
    """Compare with dominance-analysis, which fits every subset of the rows."""
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", DOMINANCE_FOLDER]
    if (
        not DOMINANCE_FOLDER.exists()
        and subprocess.run([*install, "dominance-analysis"], capture_output=True).returncode
    ):
        print(f"{name:42} {ours:8.2f} s   dominance-analysis could not be installed: not compared")
        return
    beside(name, ours, "dominance-analysis", parts, frame, [sys.executable, "-c", DOMINANCE, DOMINANCE_FOLDER])


def beside(name: str, ours: float, peer: str, parts: np.ndarray, frame: pd.DataFrame, command: list[object]) -> None:
    """Print a comparison with a program that gets the answers as a CSV file and prints its seconds and shares."""
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        frame.to_csv(file.name, index=False)
        found = subprocess.run([*map(str, command), file.name], capture_output=True, text=True)
    if found.returncode:
        print(f"{name:42} {ours:8.2f} s   {peer} failed: not compared")
        return
    theirs, *shares = map(float, found.stdout.splitlines()[-1].split())
    same = np.allclose(shares, parts, atol=1e-6)
    report(name, ours, peer if same else f"{peer}, OTHER SHARES", theirs)


def redacting() -> None:
    """Print how many comments of the demo are redacted in a second of one core, with all that is known."""
    study = load_study("demo")
    frames = {name: accept(study, name, source_files(study)[name]).frame for name in ("responses", "customers")}
    texts = sorted(frames["responses"]["verbatim"].dropna().unique())
    known, began = known_of(frames, study, texts), time.process_time()
    for text in texts:
        redact(text, known)
    seconds = time.process_time() - began
    print(f"redaction: {len(texts):,} comments, {len(texts) / seconds:,.0f} a second of one core; goal 5,000")


def assigning(folder: Path) -> None:
    """Print what assigning arms takes; memory is that of the process, beside which two hash 100,000 ids at a time."""
    seconds, memory = in_a_fresh_process(assigned_by_us, folder, runs=1)
    load = os.getloadavg()[0]
    print(f"assignment: {UNITS:,} units in {seconds:.1f} s, {memory:.2f} GB, at load {load:.1f}; goal 15 s, 2 GB")


def assigned_by_us(folder: Path) -> None:
    """Assign arms to made-up units."""
    arms = {"a": 0.3, "b": 0.3, "c": 0.25, "none": 0.15}
    rules = {"key": {"public": "only-for-show"}, "holdout": 0.15, "waves": ["2026Q1"], "arms": arms}
    units = pd.Series(range(UNITS)).astype("str")
    assign(units, "2026Q1", Assignment.model_validate(rules), b"only-for-show")


def everything() -> None:
    """Measure all but the report."""
    with tempfile.TemporaryDirectory() as name:
        reading(Path(name))
        reading_large(Path(name))
    scoring()
    raking()
    bridging()
    topics()
    driving()
    redacting()
    with tempfile.TemporaryDirectory() as name:
        assigning(Path(name))


if __name__ == "__main__":
    if sys.argv[1:] != ["report"]:
        everything()
    reports()
