"""What rows belong to is a column that they all have."""

from __future__ import annotations

import apsw
import pytest

from segue.api import Api
from segue.config import Settings
from segue.server import migrations, partition_keys, services
from segue.store.migrations import migrate

_API = Api(services(), Settings())


@pytest.fixture(scope="module")
def schema() -> apsw.Connection:
    connection = apsw.Connection(":memory:")
    migrate(connection, migrations(_API))
    return connection


@pytest.mark.parametrize(("table", "key"), sorted(partition_keys(_API).items()))
def test_every_row_says_what_it_belongs_to(schema: apsw.Connection, table: str, key: str) -> None:
    sql = 'SELECT "notnull" OR pk FROM pragma_table_info(?) WHERE name = ?'
    assert schema.execute(sql, (table, key)).fetchall() == [(1,)]
