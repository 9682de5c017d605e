"""Tables of DuckDB and of a real PostgreSQL server: read like files, never written, and never a password in sight."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pandas as pd
import psycopg
import pytest
import tiny_project
from conftest import SEARCHED, need
from tiny_project import Tiny

from cxresearch import database, study_data
from cxresearch.intake.accept import accept
from cxresearch.intake.read import read
from cxresearch.study import StudyError, data_key, inputs, load_study, sources_of

package, tiny = tiny_project.package, tiny_project.tiny

PASSWORD = "Sesame-4711"
ROLE = "analyst"
STUDY = """
title: Test
timezone: Europe/Berlin
tables:
  responses:
    SOURCE
    columns:
      response_id: id
      customer_id: customer
      responded_at: at
      nps: score
      region: region
  customers:
    CUSTOMERS
    columns: {customer_id: id, plan: plan, fee: {from: fee, type: number}}
segments: {region: region, plan: plan}
"""
A = "survey.answers"
CRM = "source: duckdb:///crm/crm.duckdb"
SHOP = f"{CRM}\n    table: shop.customers"
ANSWERS = [
    (number, f"0{number % 7}", f"2026-07-{number % 28 + 1:02d} 23:30:00+00", number % 11, ["NO", "SE"][number % 2])
    for number in range(60)
]
BIG = 90071992547409931  # over 2**53, so that a float would lose its last digit
CUSTOMERS = [(f"0{number}", ["Basic", "Plus"][number % 2], f"{number}.10") for number in range(7)]


class Server:
    """A PostgreSQL server of our own, with a role that may read and nothing else."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port

    @property
    def address(self) -> str:
        return f"postgresql://{ROLE}@127.0.0.1:{self.port}/survey"

    def run(self, *statements: str, database: str = "survey") -> None:
        where = f"postgresql://postgres@127.0.0.1:{self.port}/{database}"
        with psycopg.connect(where, password=PASSWORD, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def program(self, name: str, *arguments: str) -> None:
        # The server refuses to run as root.
        as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        command = [*as_user, str(shutil.which(name, path=SEARCHED)), "-D", str(self.folder / "data"), *arguments]
        subprocess.run(command, check=True, cwd=self.folder, stdout=subprocess.DEVNULL)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    """Start a server on loopback that asks for passwords; stop it and remove its folder afterwards."""
    need("postgresql")
    folder = Path(tempfile.mkdtemp(prefix="cxresearch-postgresql-"))
    server = Server(folder, free_port())
    (folder / "password").write_text(PASSWORD)
    if os.geteuid() == 0:
        for path in (folder, folder / "password"):
            shutil.chown(path, "postgres")
    options = f"-p {server.port} -c listen_addresses=127.0.0.1 -c fsync=off -k {folder}"
    server.program("initdb", "-U", "postgres", f"--pwfile={folder / 'password'}", "-A", "scram-sha-256", "-E", "UTF8")
    server.program("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        server.run("CREATE DATABASE survey", f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'", database="postgres")
        yield server
    finally:
        server.program("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.fixture
def server(running: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Return the server with the answers in `survey.answers`, and the password in the environment."""
    running.run(
        "DROP SCHEMA IF EXISTS survey CASCADE",
        "CREATE SCHEMA survey",
        "CREATE TABLE survey.answers (id bigint, customer text, at timestamptz, score smallint, region text)",
        f"GRANT USAGE ON SCHEMA survey TO {ROLE}",
        f"GRANT SELECT ON survey.answers TO {ROLE}",
    )
    with psycopg.connect(
        f"postgresql://postgres@127.0.0.1:{running.port}/survey", password=PASSWORD, autocommit=True
    ) as connection:
        connection.cursor().executemany("INSERT INTO survey.answers VALUES (%s, %s, %s, %s, %s)", answers())
    monkeypatch.delenv("CXRESEARCH_DB_PASSWORD", raising=False)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    return running


def answers() -> list[tuple]:
    return [(BIG + number, *rest) for number, *rest in ANSWERS]


@pytest.fixture
def write(project: Path) -> Callable[..., Path]:
    """Return a function that writes the study, with customers in DuckDB unless told otherwise."""
    folder = project / "data" / "test"
    (folder / "crm").mkdir(parents=True)
    with duckdb.connect(str(folder / "crm" / "crm.duckdb")) as file:
        file.execute("CREATE SCHEMA shop; CREATE TABLE shop.customers (id text, plan text, fee decimal(10, 2))")
        file.executemany("INSERT INTO shop.customers VALUES (?, ?, ?)", CUSTOMERS)
    (folder / "answers.csv").write_text(
        pd.DataFrame(answers(), columns=["id", "customer", "at", "score", "region"]).to_csv(index=False)
    )
    (folder / "customers.csv").write_text(pd.DataFrame(CUSTOMERS, columns=["id", "plan", "fee"]).to_csv(index=False))

    def study(source: str, customers: str = SHOP) -> Path:
        (folder / "study.yaml").write_text(STUDY.replace("SOURCE", source).replace("CUSTOMERS", customers))
        return folder

    return study


def from_table(server: Server, table: str = "survey.answers") -> str:
    return f"source: {server.address}\n    table: {table}"


def from_query(server: Server, query: str) -> str:
    return f"source: {server.address}\n    query: >-\n      {query}"


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(StudyError) as error:
        act()
    said = str(error.value)
    assert "\n" not in said
    assert PASSWORD not in said
    return said


def test_databases_give_what_the_same_rows_in_files_give(server, write):
    write("source: answers.csv", "source: customers.csv")
    files = study_data.load("test")
    write(from_table(server))
    databases = study_data.load("test")
    pd.testing.assert_frame_equal(databases.responses, files.responses)
    pd.testing.assert_frame_equal(databases.customers, files.customers)
    assert databases.responses["response_id"].iloc[0] == str(BIG)
    assert set(databases.responses["plan"]) == {"Basic", "Plus"}
    assert databases.quality.tables["file"].tolist() == [
        "database table survey.answers",
        "database table shop.customers",
    ]
    # 23:30 in UTC is the next day in Berlin.
    assert databases.responses["responded_at"].min() == pd.Timestamp("2026-07-02 01:30")


def test_a_query_gives_its_rows(server, write):
    write(from_query(server, "with o as (select * from survey.answers where score > 8) select * from o -- high ones"))
    assert set(study_data.load("test").responses["nps"]) == {9, 10}
    high = "query: select * from shop.customers where id > '03';"
    write("source: answers.csv", f"{CRM}\n    {high}")
    assert study_data.load("test").customers["customer_id"].tolist() == ["04", "05", "06"]


def test_types_come_as_they_are_and_odd_ones_as_text(server, write):
    server.run(
        "CREATE TYPE survey.mood AS ENUM ('glad')",
        "CREATE TABLE survey.odd AS SELECT 1 AS id, 1.2345678901234567890123::numeric AS endless, NULL::int AS none, "
        "1.10::numeric(9, 2) AS fee, ARRAY[1, 2] AS list, '{\"a\": 1}'::jsonb AS json, 'glad'::survey.mood AS mood, "
        "'1 day'::interval AS span, '10.0.0.1'::inet AS host, gen_random_uuid() AS uuid, 'x'::char(3) AS letter",
        f"GRANT SELECT ON survey.odd TO {ROLE}",
    )
    for source in (from_table(server, "survey.odd"), from_query(server, "select * from survey.odd")):
        write(source)
        cells = database_rows("responses").iloc[0]
        assert str(cells["endless"]) == "1.2345678901234567890123"
        assert str(cells["fee"]) == "1.10"
        assert (cells["list"], cells["json"], cells["mood"], cells["span"]) == ("{1,2}", '{"a": 1}', "glad", "1 day")
        assert len(cells["uuid"]) == 36
        assert pd.isna(cells["none"])


def database_rows(name: str) -> pd.DataFrame:
    from cxresearch.intake.database import read_database

    return read_database(sources_of(load_study("test"), name)).frame


def test_rows_come_in_batches(server, write, monkeypatch):
    from cxresearch.intake import database as reader

    monkeypatch.setattr(reader, "BATCH", 7)
    write(from_table(server))
    assert database_rows("responses")["id"].tolist() == [BIG + number for number in range(60)]
    assert len(database_rows("customers")) == 7


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ("UPDATE survey.answers SET score = 1 WHERE score = 2", True),
        ("DELETE FROM survey.answers WHERE score = 2", True),
        ("INSERT INTO survey.answers SELECT * FROM survey.answers WHERE score = 2", True),
        ("ALTER TABLE survey.answers RENAME COLUMN region TO land", True),
        # Every row is written again, in another order.
        (
            "WITH old AS (DELETE FROM survey.answers RETURNING *) INSERT INTO survey.answers TABLE old ORDER BY score",
            False,
        ),
        ("VACUUM FULL survey.answers", False),
        ("ALTER ROLE analyst SET timezone = 'Asia/Tokyo'", False),
    ],
)
def test_the_data_key_follows_the_rows_of_the_server(server, write, change, differs):
    write(from_table(server))
    study = load_study("test")
    before, listed = data_key(study), inputs(study)
    assert data_key(study) == before
    server.run(*change.split("; "))
    assert (data_key(study) != before) == differs
    assert (inputs(study)["tables.responses"] != listed["tables.responses"]) == differs


def test_the_data_key_follows_the_duckdb_file_and_what_lies_beside_it(write):
    folder = write("source: answers.csv")
    study = load_study("test")
    before = data_key(study)
    assert data_key(study) == before
    log = folder / "crm" / "crm.duckdb.wal"
    log.write_bytes(b"not yet in the file")
    with_log = data_key(study)
    log.unlink()
    assert with_log != before == data_key(study)
    with duckdb.connect(str(folder / "crm" / "crm.duckdb")) as file:
        file.execute("UPDATE shop.customers SET plan = 'Pro' WHERE id = '01'")
    assert data_key(study) != before


def test_an_unchanged_study_fetches_no_row_and_loads_nothing_heavy(server, write, project):
    write(from_table(server))
    code = (
        "import sys; from cxresearch.study import data_key, load_study; data_key(load_study('test'));"
        "print([name for name in ('pandas', 'ibis', 'pyarrow', 'duckdb', 'sqlglot') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select 1; drop table survey.answers", "not one SELECT"),
        ("drop table survey.answers", "not one SELECT"),
        ("copy survey.answers to '/tmp/x'", "not one SELECT"),
        ("insert into survey.answers (score) values (1)", "not one SELECT"),
        ("with x as (delete from survey.answers returning *) select * from x", "would change or lock"),
        ("select * into survey.more from survey.answers", "would change or lock"),
        ("select * from survey.answers for update", "would change or lock"),
        ("select 1) as x; drop table survey.answers; --", "cannot be read as SQL"),
        ("select pg_read_file('/etc/passwd')", "calls pg_read_file"),
        ("select * from pg_catalog.pg_ls_dir('/')", "calls pg_ls_dir"),
        ("select set_config('default_transaction_read_only', 'off', false)", "calls set_config"),
        ("select * from survey.nothing", 'relation "survey.nothing" does not exist'),
        ("select nope from survey.answers", 'column "nope" does not exist'),
        ("select cast(region as int) as id from survey.answers", "(InvalidTextRepresentation)"),
        ("select nextval('survey.counter') as id", "would change the database"),
        ("select * from generate_series(1, 1000000000000) as t(id)", "took over"),
    ],
)
def test_a_query_may_only_read(server, write, monkeypatch, query, said):
    server.run(
        "CREATE SEQUENCE survey.counter",
        f"GRANT ALL ON ALL SEQUENCES IN SCHEMA survey TO {ROLE}",
        f"GRANT ALL ON ALL TABLES IN SCHEMA survey TO {ROLE}",
    )
    monkeypatch.setitem(database.SESSION, "statement_timeout", "500ms")
    write(from_query(server, query))
    assert said in refusal(lambda: study_data.load("test"))
    write(from_table(server))
    assert len(study_data.load("test").responses) == 60


def test_the_session_itself_refuses_to_write(server):
    source = database.DatabaseTable("tables.responses", server.address, "survey.answers", "")
    with psycopg.connect(**database.reach(source)) as session, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        session.execute("CREATE TEMPORARY TABLE x AS SELECT 1 AS id")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select * from read_csv('/etc/passwd')", "reaches beyond the database file"),
        ("select * from read_text('answers.csv')", "reaches beyond the database file"),
        ("select * from glob('/etc/*')", "reaches beyond the database file"),
        ("select * from '/etc/passwd'", "Table with name /etc/passwd does not exist"),
        ("select 1; attach 'x.duckdb'", "not one SELECT"),
        ("with x as (select 1) delete from shop.customers", "not one SELECT"),
        ("copy shop.customers to 'x.csv'", "not one SELECT"),
        ("select cast(plan as int) as id from shop.customers", "(ConversionException)"),
    ],
)
def test_a_query_of_duckdb_sees_its_file_only(write, query, said):
    folder = write("source: answers.csv", f"{CRM}\n    query: >-\n      {query}")
    before = sorted(folder.rglob("*"))
    assert said in refusal(lambda: study_data.load("test"))
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (f"source: postgres://a:{PASSWORD}@h/db\n    table: t", "the address holds a password; take it out"),
        (f"source: mysql://a:{PASSWORD}@h/db", "the address holds a password; take it out"),
        (f"source: postgres://a@h/db?password={PASSWORD}\n    table: t", "the address holds a password"),
        (f"source: postgres://a:p/{PASSWORD}@h/db\n    table: t", "the address holds a password"),
        ("source: postgres://a@h:x/db\n    table: t", "is written postgres://user@host:5432/database"),
        ("source: postgres://a@h\n    table: t", "is written postgres://user@host:5432/database"),
        ("source: postgres://a@h/db?options=x\n    table: t", "the address sets 'options'; only sslmode"),
        ("source: postgres://a@h/db", "either `table: schema.name` or `query:`"),
        ("source: postgres://a@h/db\n    table: t\n    query: select 1", "either `table: schema.name` or `query:`"),
        ("source: postgres://a@h/db\n    table: t\n    sheet: x", "belong to files"),
        ("source: answers.csv\n    table: t", "table and query belong to a database"),
        ("source: duckdb:///../crm.duckdb\n    table: t", "leaves the study's folder"),
        ("source: duckdb:////etc/passwd\n    table: t", "leaves the study's folder"),
        ("source: duckdb:///crm/none.duckdb\n    table: t", "there is no file 'crm/none.duckdb' in test/"),
        ("source: duckdb:///answers.csv\n    table: t", "answers.csv is no DuckDB file"),
        ("source: duckdb:///crm/link.duckdb\n    table: t", "is a link that leaves"),
        ("source: duckdb:///crm/crm.duckdb\n    table: shop.custmers", "the nearest known one is 'shop.customers'"),
        ("source: duckdb:///crm/crm.duckdb\n    table: customers", "the nearest known one is 'shop.customers'"),
    ],
)
def test_a_wrong_address_is_one_sentence(write, tmp_path_factory, source, said):
    folder = write(source)
    outside = tmp_path_factory.mktemp("outside") / "x.duckdb"
    duckdb.connect(str(outside)).close()
    (folder / "crm" / "link.duckdb").symlink_to(outside)
    assert said in refusal(lambda: study_data.load("test"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda text: text.replace("table: survey.answers", "table: survey.anwsers"),
            "nearest known one is 'survey.answers'",
        ),
        (lambda text: text.replace("/survey\n", "/nothing\n"), "no such database or user"),
        (lambda text: re.sub(r"127.0.0.1:\d+", "127.0.0.1:1", text), "cannot be reached"),
        (
            lambda text: text.replace("survey.answers", "survey.secret"),
            "no right to read the database table survey.secret",
        ),
        (lambda text: text.replace("survey.answers", "survey.empty"), "has columns and no rows"),
        (lambda text: text.replace("score", "scroe"), "has no column 'scroe'; the nearest known one is 'score'"),
    ],
)
def test_what_a_server_refuses_is_one_sentence(server, write, change, said):
    server.run(
        "CREATE TABLE survey.secret (id int)",
        "CREATE TABLE survey.empty (id int)",
        f"GRANT SELECT ON survey.empty TO {ROLE}",
    )
    folder = write(from_table(server))
    (folder / "study.yaml").write_text(change((folder / "study.yaml").read_text()))
    assert said in refusal(lambda: study_data.load("test"))


def test_the_password_comes_from_the_environment_and_goes_nowhere(server, write, monkeypatch, project):
    write(from_table(server))
    monkeypatch.setenv("CXRESEARCH_DB_PASSWORD", "wrong")
    assert "refuses the user or the password; the password belongs in the environment" in refusal(
        lambda: study_data.load("test")
    )
    monkeypatch.setenv("CXRESEARCH_DB_PASSWORD", PASSWORD)
    monkeypatch.delenv("PGPASSWORD")
    key = data_key(load_study("test"))
    study_data.load("test")
    monkeypatch.delenv("CXRESEARCH_DB_PASSWORD")
    monkeypatch.setenv("PGPASSFILE", str(project / "none"))
    assert "refuses the user or the password" in refusal(lambda: data_key(load_study("test")))
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert data_key(load_study("test")) == key
    kept = [path for path in project.rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if PASSWORD.encode() in path.read_bytes()]


LOADS = """
import cxresearch as cx
answers = cx.load(study, period=period).responses
show("mean", [["all", 100, 90, float(answers["nps"].mean()), ""]])
"""
# What changes the table under the feet of a report that is being made.
CHANGES = """
import psycopg
with psycopg.connect("{where}") as rows:
    rows.execute("UPDATE survey.answers SET score = 0")
"""


def test_a_report_stands_on_the_rows_that_it_was_planned_with(server, tiny):
    study = tiny_project.STUDY.replace("answers.csv", f"{server.address}\n    table: survey.answers")
    tiny.write("data/tiny/study.yaml", study.replace('{from: day, format: "%Y-%m-%d"}', "at"))
    where = f"postgresql://postgres@127.0.0.1:{server.port}/survey"
    first_page = CHANGES.format(where=where) + LOADS
    tiny.notebook("01-base", *tiny_project.page("Who?", ("markdown", "## Who?"), ("code", first_page)))
    tiny.notebook("00-summary", *tiny_project.page("How?", ("code", LOADS)))
    mean = sum(score for *_, score, _ in ANSWERS) / len(ANSWERS)
    assert means(tiny) == pytest.approx({"01-base": mean, "00-summary": mean})
    assert means(tiny) == {"01-base": 0, "00-summary": 0}
    assert "Nothing changed" in tiny.report().stdout
    manifest = json.loads((tiny.latest / "manifest.json").read_text())
    assert list(manifest["inputs"]) == ["study.yaml", "tables.responses"]
    published = tiny_project.tree(tiny.reports).items()
    assert not [name for name, data in published if PASSWORD.encode() in data or ROLE.encode() + b"@" in data]


def means(tiny: Tiny) -> dict[str, float]:
    """Make the report and return the mean that each of its pages shows."""
    done = tiny.report()
    assert done.returncode == 0, done.stderr
    pages = json.loads((tiny.latest / "team" / "results.json").read_text())["notebooks"]
    return {name: found["mean"]["frame"]["rows"][0][3] for name, found in pages.items() if "mean" in found}


def test_a_file_read_by_the_same_reader_stays_a_file(write):
    folder = write("source: answers.csv", "source: customers.csv")
    found = accept(load_study("test"), "customers", sources_of(load_study("test"), "customers"))
    assert len(found.frame) == len(read(folder / "customers.csv").frame) == 7
