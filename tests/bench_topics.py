"""Topics in `make bench`: beside a plain default BERTopic on the same texts and MiniLM points, and a plain `encode`.

Quality: adjusted Rand index and normalised mutual information with people's labels, which no fit sees; every text
counts, those without a topic as one group. Time: from import to labelled topics, each in its own process; where others
use the machine, seconds of CPU tell more than the clock. Embedding: MiniLM beside `SentenceTransformer.encode`. A
second quarter: the same texts scored again from what the cache keeps, and with a quarter's new ones among them, which
alone are embedded. Memory: 100,000 texts.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

SHARED = Path(os.environ.get("CXRESEARCH_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"
SETS = {"banking77": "category", "twitter_us_airline": "negativereason"}
ROWS_EMBEDDED, ROWS_MANY, RUNS = 2_000, 100_000, 3
# Of the texts of three years and a quarter, those of the last quarter.
LAST_QUARTER = 1 / 13
# Each side is a program of its own: what it prints last is JSON.
START = "import json, sys, time; began = time.perf_counter(); import numpy as np, pandas as pd\n"
READ = "folder = sys.argv[1]; texts = pd.read_parquet(f'{folder}/texts.parquet')['text'].tolist()\n"
POINTS = "points = np.load(f'{folder}/points.npy')\n"
END = (
    "\nprint(json.dumps({'seconds': time.perf_counter() - began, 'cpu': time.process_time(), 'peak': peak(), **found}))"
)
PEAK = """
import re
from pathlib import Path
def peak(): return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 2**20
found = {}
"""
DEFAULT = (
    "from bertopic import BERTopic; found = {'topics': [int(t) for t in BERTopic().fit_transform(texts, points)[0]]}"
)
OURS = """
from cxresearch.topics import fit
rows = fit(texts, embeddings=points).assignments.drop_duplicates('text')
found = {'topics': rows['topic'].tolist()}
"""
ENCODE = """
import os; os.environ['HF_HUB_OFFLINE'] = '1'
from sentence_transformers import SentenceTransformer
from cxresearch.topics import embed
ours = embed.open_embedding('minilm')
model = embed._load(ours.folder); model.encode(texts[:64]); model = SentenceTransformer(ours.folder, device='cpu')
model.encode(texts[:64])
began = time.perf_counter(); theirs = model.encode(texts); plain = time.perf_counter() - began
began = time.perf_counter(); mine = ours.points(texts); found = {'plain': plain}
found['cosine'] = float((mine * theirs).sum(1).mean())
"""
QUARTERS = """
from cxresearch.topics import assign, load
model = load(f'{folder}/model')
began, cpu = time.perf_counter(), time.process_time()
assign(model, texts[: round(len(texts) * float(sys.argv[2]))])
found = {'cpu': time.process_time() - cpu}
"""


def topics() -> None:
    """Measure topics."""
    for name, labels in SETS.items():
        with tempfile.TemporaryDirectory() as folder:
            texts = read(name, labels)
            texts.to_parquet(Path(folder) / "texts.parquet")
            embedding(folder, texts, name)
            quality(folder, texts["label"], name)
            if name == "banking77":
                second_quarter(folder)
                many(folder)


def read(name: str, labels: str) -> pd.DataFrame:
    """Return the texts of a set and people's labels."""
    file = {"banking77": "train.csv", "twitter_us_airline": "Tweets.csv.gz"}[name]
    frame = pd.read_csv(SHARED / name / file).dropna(subset=[labels])
    return frame[["text"]].assign(label=frame[labels]).reset_index(drop=True)


def run(folder: str, code: str, *arguments: str) -> dict:
    """Run a program of its own and return what it found."""
    environment = {**os.environ, "CXRESEARCH_ROOT": folder, "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-W", "ignore", "-c", START + PEAK + READ + code + END, folder, *arguments]
    shown = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    return json.loads(shown.splitlines()[-1])


def embedding(folder: str, texts: pd.DataFrame, name: str) -> None:
    """Measure MiniLM's points, then keep those of all texts for what follows."""
    from cxresearch.topics.embed import open_embedding

    with tempfile.TemporaryDirectory() as small:
        texts.sample(ROWS_EMBEDDED, random_state=0).to_parquet(Path(small) / "texts.parquet")
        found = []
        for _ in range(RUNS):
            found.append(run(small, ENCODE))
            for path in (Path(small) / ".cache").rglob("*.npz"):
                path.unlink()
    ours, theirs = (statistics.median(one[key] for one in found) for key in ("seconds", "plain"))
    cosine = min(one["cosine"] for one in found)
    print(
        f"embed {ROWS_EMBEDDED:,} of {name}: {ours:.1f} s, plain encode {theirs:.1f} s, {theirs / ours:.2f}x as fast,",
        end="",
    )
    print(f" mean cosine {cosine:.4f}")
    os.environ["CXRESEARCH_ROOT"] = folder
    np.save(Path(folder) / "points.npy", open_embedding("minilm").points(texts["text"].tolist()))


def quality(folder: str, labels: pd.Series, name: str) -> None:
    """Measure how topics agree with people's labels, and how long they take."""
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    medians = {}
    for who, code in {"default BERTopic": DEFAULT, "cxresearch": OURS}.items():
        runs = [run(folder, POINTS + code) for _ in range(RUNS)]
        rand = statistics.median(adjusted_rand_score(labels, one["topics"]) for one in runs)
        mutual = statistics.median(normalized_mutual_info_score(labels, one["topics"]) for one in runs)
        seconds = medians[who] = statistics.median(one["seconds"] for one in runs)
        cpu = statistics.median(one["cpu"] for one in runs)
        found = np.array(runs[0]["topics"])
        print(f"{name}, {who}: ARI {rand:.3f}, NMI {mutual:.3f}, {found.max() + 1} topics, ", end="")
        print(f"{(found < 0).mean():.0%} without one, import to topics {seconds:.1f} s, {cpu:.1f} s of CPU")
    print(f"{name}: {medians['default BERTopic'] / medians['cxresearch']:.2f}x as fast")


def second_quarter(folder: str) -> None:
    """Measure scoring texts for the first time, again, and with a quarter's new ones, which alone are embedded."""
    from cxresearch.topics import fit

    texts = pd.read_parquet(Path(folder) / "texts.parquet")["text"].tolist()
    os.environ["CXRESEARCH_ROOT"] = folder
    fit(texts, mode="portable").save(Path(folder) / "model")
    for path in (Path(folder) / ".cache").rglob("*.npz"):
        path.unlink()
    before = str(1 - LAST_QUARTER)
    first, again, later = (run(folder, QUARTERS, part) for part in (before, before, "1"))
    print(f"score {len(texts) * (1 - LAST_QUARTER):,.0f} texts: {told(first)}; again {told(again, first)}; ", end="")
    print(f"with {len(texts) * LAST_QUARTER:,.0f} new ones {told(later, first)}")


def told(found: dict, first: dict | None = None) -> str:
    """Return the seconds of a run, and how many times as fast as the first one it was."""
    text = f"{found['seconds']:.1f} s, {found['cpu']:.1f} s of CPU"
    return text if first is None else f"{text} ({first['cpu'] / found['cpu']:.0f}x less)"


def many(folder: str) -> None:
    """Measure the memory of many texts."""
    rng = np.random.default_rng(0)
    texts, points = pd.read_parquet(Path(folder) / "texts.parquet"), np.load(Path(folder) / "points.npy")
    rows = rng.integers(0, len(texts), ROWS_MANY)
    many = texts.iloc[rows].reset_index(drop=True)
    letters = rng.choice(list("bcdfghjklm"), (ROWS_MANY, 6))
    many["text"] += [" " + "".join(word) for word in letters]
    noise = rng.normal(0, 0.02, (ROWS_MANY, points.shape[1])).astype(np.float32)
    with tempfile.TemporaryDirectory() as large:
        many.to_parquet(Path(large) / "texts.parquet")
        np.save(Path(large) / "points.npy", points[rows] + noise)
        found = run(large, POINTS + OURS)
    print(f"topics of {ROWS_MANY:,} texts: {found['seconds']:.0f} s, {found['peak']:.2f} GB at most")


if __name__ == "__main__":
    topics()
