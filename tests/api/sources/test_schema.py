"""What earlier versions had in tables of their own is where readers now look."""

from __future__ import annotations

from pathlib import Path

from segue.api import Api
from segue.clock import ManualClock
from segue.config import Settings
from segue.ids import Ids
from segue.server import migrations, services
from segue.store.sqlite import SqliteStore


def test_rows_of_mappings_move(tmp_path: Path) -> None:

    now = migrations(Api(services(), Settings()))
    place = next(number for number, script in enumerate(now["lambda"]) if "INSERT INTO held_messages" in script)
    store = SqliteStore(tmp_path, {"lambda": now["lambda"][:place]}, ManualClock(), Ids())
    store.transact(lambda tx: tx.run("INSERT INTO lambda_held_messages VALUES ('m', 1, 2, 3, 'r')"))
    store.transact(lambda tx: tx.run("""INSERT INTO lambda_stream_lanes VALUES ('m', 0, 's', '{"ends": []}')"""))
    store.close()
    store = SqliteStore(tmp_path, now, ManualClock(), Ids())
    assert store.transact(lambda tx: tx.all("SELECT * FROM held_messages"))[0] == [("m", 1, 2, 3, "r")]
    assert store.transact(lambda tx: tx.all("SELECT owner, shard FROM stream_lanes"))[0] == [("m", "s")]
    store.close()
