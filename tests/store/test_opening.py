"""A database that cannot be used: what is wrong, and what to do next, in words."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from segue.store.store import DatabaseUnusable
from tests.postgres import Cluster, NoPostgres, execute

pytest.importorskip("psycopg", reason="pip install 'segue[postgres]'")

from segue.store.postgres import opening
from segue.store.postgres.advice import what_next
from segue.store.postgres.opening import Database

SCHEMA = {"test": ("CREATE TABLE jobs (n BIGINT PRIMARY KEY);",)}
_LATIN1 = "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A server that wants ``ann``'s password, with databases of all kinds."""
    try:
        started = Cluster().start()
    except NoPostgres as none:
        pytest.skip(str(none))
    databases = [f"CREATE DATABASE {name}" for name in ("good", "poor", "closed", "readonly", "theirs")]
    for sql in (
        "CREATE ROLE ann LOGIN PASSWORD 'secret'",
        "CREATE ROLE bob LOGIN",
        *databases,
        _LATIN1,
        "ALTER DATABASE good OWNER TO ann",
        "REVOKE CONNECT ON DATABASE closed FROM PUBLIC",
        "ALTER DATABASE readonly SET default_transaction_read_only = on",
    ):
        execute(sql, started.url())
    execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC", started.url("poor"))
    execute("CREATE TABLE jobs (n INT)", started.url("theirs"))
    rules = started.directory / "data" / "pg_hba.conf"
    rules.write_text("local all ann scram-sha-256\nlocal latin eve reject\nlocal all all trust\n")
    execute("SELECT pg_reload_conf()", started.url())
    yield started
    started.remove()


@pytest.mark.parametrize(
    ("user", "database", "wrong", "advice"),
    [
        ("segue", "none", 'database "none" does not exist', "createdb --encoding UTF8 --template template0 none"),
        ("eve", "good", 'role "eve" does not exist', "createuser --pwprompt eve"),
        ("ann:guessed", "good", "password authentication failed", "PGPASSWORD"),
        ("ann", "good", "no password supplied", "PGPASSWORD"),
        ("bob", "poor", "permission denied for schema public", "GRANT CREATE ON SCHEMA public TO bob"),
        (
            "bob",
            "closed",
            'permission denied for database "closed"',
            "GRANT CONNECT, CREATE, TEMPORARY ON DATABASE closed",
        ),
        ("segue", "readonly", "session is read-only", "Name the server that takes writes"),
        ("segue", "theirs", 'relation "jobs" already exists', "a database of its own"),
        ("segue", "latin", "does not keep its texts in UTF-8", "createdb --encoding UTF8 --template template0"),
    ],
)
def test_what_a_server_refuses(cluster: Cluster, user: str, database: str, wrong: str, advice: str) -> None:
    told = refusal(cluster.url(database).replace("segue@", f"{user}@", 1))
    assert wrong in told
    assert advice in told
    assert "guessed" not in told


def test_the_right_password_opens(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "secret")
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    Database(cluster.url("good").replace("segue@", "ann@", 1)).prepare(SCHEMA)


def test_an_old_server_is_named(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_OLDEST", 990_000)
    assert "99 or newer is needed" in refusal(cluster.url("good"))


def test_a_standby_is_told_from_its_primary(cluster: Cluster) -> None:
    standby = Cluster(hot_standby="on")
    (standby.directory / "data" / "standby.signal").touch()
    standby.start()
    try:
        assert "Name the server that takes writes" in refusal(standby.url())
        Database(f"postgresql://segue@/good?host={standby.directory},{cluster.directory}").prepare(SCHEMA)
    finally:
        standby.remove()


@pytest.mark.parametrize(
    ("url", "wrong", "advice"),
    [
        ("postgresql://me:secret@127.0.0.1:1/none", "Connection refused", "Start PostgreSQL there"),
        ("postgresql://me:secret@no.such.invalid/none", "resolve", "Is the host's name in the URL right?"),
        ("mysql://me:secret@db/none", "mysql://me@db/none", "A URL is written postgresql://"),
        ("postgresql://me:secret@db/none?colour=blue", "colour", "A URL is written postgresql://"),
        ("postgresql:///none?host=/nowhere", "No such file", "Start PostgreSQL there"),
    ],
)
def test_what_there_is_not(url: str, wrong: str, advice: str) -> None:
    told = refusal(url)
    assert wrong in told
    assert advice in told
    assert "secret" not in told


def test_nothing_is_advised_where_nothing_is_known() -> None:
    assert what_next("out of memory", database="segue", user="segue") == ""


def test_what_is_not_installed_is_told() -> None:
    script = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from segue.cli.main import main\n"
        "sys.exit(main(['store', 'check', '--store', 'postgresql://127.0.0.1:1/none']))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "pip install 'segue[postgres]'" in ran.stderr
    assert "Traceback" not in ran.stderr


def refusal(url: str) -> str:
    with pytest.raises(DatabaseUnusable) as raised:
        Database(url).prepare(SCHEMA)
    return str(raised.value)
