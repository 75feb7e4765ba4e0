"""PartiQL over the wire."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

WHERE = "WHERE pk = 'a' AND sk = 1"


@pytest.fixture
def run(client: Any, table: str) -> Any:
    """Runs a statement on the table ``things``; the items."""

    def execute(statement: str, *parameters: Any, **more: Any) -> list[dict[str, Any]]:
        given = {"Parameters": list(parameters)} if parameters else {}
        items = client.execute_statement(Statement=statement, **given, **more)["Items"]
        return list(items)

    return execute


def put(client: Any, pk: str, sk: int, **more: Any) -> None:
    client.put_item(TableName="things", Item={"pk": {"S": pk}, "sk": {"N": str(sk)}, **more})


def numbers(items: list[dict[str, Any]]) -> list[int]:
    return [int(item["sk"]["N"]) for item in items]


def error_of(caught: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_an_item_comes_changes_and_goes(run: Any) -> None:
    assert run("INSERT INTO things VALUE {'pk': ?, 'sk': 1, 'tags': <<'x'>>}", {"S": "a"}) == []
    with pytest.raises(ClientError) as caught:
        run("INSERT INTO things VALUE {'pk': 'a', 'sk': 1}")
    assert error_of(caught) == ("DuplicateItemException", "Duplicate primary key exists in table")
    assert run(f"SELECT * FROM things {WHERE}") == [{"pk": {"S": "a"}, "sk": {"N": "1"}, "tags": {"SS": ["x"]}}]
    changed = run(f"UPDATE things SET n = 1 SET tags = set_add(tags, <<'y'>>) {WHERE} RETURNING MODIFIED NEW *")
    assert changed == [{"n": {"N": "1"}, "tags": {"SS": ["x", "y"]}}]
    assert run(f"UPDATE things SET n = n + 4 REMOVE tags {WHERE} AND n = 1") == []
    assert run(f"SELECT n, tags FROM things {WHERE}") == [{"n": {"N": "5"}}]
    with pytest.raises(ClientError) as caught:
        run(f"DELETE FROM things {WHERE} AND n = 1")
    assert error_of(caught)[0] == "ConditionalCheckFailedException"
    assert run(f"DELETE FROM things {WHERE} RETURNING ALL OLD *")[0]["n"] == {"N": "5"}
    assert run(f"DELETE FROM things {WHERE}") == []
    with pytest.raises(ClientError, match="The conditional request failed"):
        run(f"UPDATE things SET n = 1 {WHERE}")


def test_partitions_are_read_in_order_others_scanned(client: Any, run: Any) -> None:
    for number in range(6):
        put(client, "a", number, owner={"S": "me"}, at={"N": str(-number)}, title={"S": f"t{number}"}, more={"S": "m"})
    put(client, "b", 9)
    assert numbers(run("SELECT sk FROM things WHERE pk = 'a' AND sk > 2")) == [3, 4, 5]
    assert numbers(run("SELECT sk FROM things WHERE pk = 'a' AND sk BETWEEN 1 AND 2 ORDER BY sk DESC")) == [2, 1]
    assert numbers(run("SELECT * FROM things WHERE pk = 'a' AND (sk = 1 OR title = 't4')")) == [1, 4]
    assert sorted(numbers(run("SELECT * FROM things WHERE sk >= 5"))) == [5, 9]
    assert sorted(numbers(run("SELECT * FROM things WHERE pk IN ['a', 'b'] AND sk IN (0, 9)"))) == [0, 9]
    by_owner = run("SELECT * FROM things.\"by-owner\" WHERE owner = 'me' AND at < -3")
    assert numbers(by_owner) == [5, 4]
    assert by_owner[0].keys() == {"pk", "sk", "owner", "at", "title"}
    with pytest.raises(ClientError, match="hash key condition in WHERE clause when using ORDER BY"):
        run("SELECT * FROM things ORDER BY sk")
    with pytest.raises(ClientError, match="does not have the specified index"):
        run('SELECT * FROM things."by-nothing"')


def test_pages(client: Any, run: Any, table: str) -> None:
    for number in range(5):
        put(client, "a", number)
    statement = "SELECT * FROM things WHERE pk = 'a'"
    seen, following = [], {}
    for _ in range(3):
        page = client.execute_statement(Statement=statement, Limit=2, **following)
        seen.append(numbers(page["Items"]))
        following = {"NextToken": page.get("NextToken")}
    assert seen == [[0, 1], [2, 3], [4]]
    assert following == {"NextToken": None}
    for token in ("nonsense", "WyJ4Il0="):
        with pytest.raises(ClientError, match="NextToken"):
            client.execute_statement(Statement=statement, NextToken=token)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("SELEKT * FROM things", "Statement wasn't well formed"),
        ("UPDATE things SET n = 1 WHERE pk = 'a'", "mandatory equality on all key attributes"),
        ("DELETE FROM things WHERE pk = 'a' AND sk > 1", "mandatory equality on all key attributes"),
        (f"UPDATE things SET sk = 2 {WHERE}", "part of the key"),
        ("INSERT INTO things VALUE {'pk': 'a'}", "Missing the key sk in the item"),
        ("SELECT * FROM nothing", "Requested resource not found"),
        ("SELECT * FROM things WHERE pk = 1", "does not match schema type"),
        (f"EXISTS(SELECT * FROM things {WHERE})", "EXISTS"),
    ],
)
def test_what_is_refused(run: Any, statement: str, words: str) -> None:
    with pytest.raises(ClientError, match=words):
        run(statement)


def test_a_batch_does_what_it_can(client: Any, table: str) -> None:
    put(client, "a", 1)
    statements = [
        {"Statement": "INSERT INTO things VALUE {'pk': 'a', 'sk': 1}"},
        {"Statement": "INSERT INTO things VALUE {'pk': 'a', 'sk': ?}", "Parameters": [{"N": "2"}]},
        {"Statement": "UPDATE nothing SET a = 1 WHERE pk = 'a'"},
    ]
    first, second, third = client.batch_execute_statement(Statements=statements)["Responses"]
    assert first["Error"]["Code"] == "DuplicateItem"
    assert second == {"TableName": "things"}
    assert third["Error"]["Code"] == "ResourceNotFound"
    reads = [{"Statement": f"SELECT * FROM things WHERE pk = 'a' AND sk = {number}"} for number in (2, 3)]
    found, missing = client.batch_execute_statement(Statements=reads)["Responses"]
    assert found["Item"]["sk"] == {"N": "2"}
    assert missing == {"TableName": "things"}
    with pytest.raises(ClientError, match="of the same type"):
        client.batch_execute_statement(
            Statements=[reads[0], {"Statement": "INSERT INTO things VALUE {'pk':'q','sk':1}"}]
        )
    assert "Item" not in client.get_item(TableName="things", Key={"pk": {"S": "q"}, "sk": {"N": "1"}})


def test_a_transaction_is_all_or_nothing(client: Any, table: str) -> None:
    put(client, "a", 1, n={"N": "1"})
    insert = {"Statement": "INSERT INTO things VALUE {'pk': 'b', 'sk': 1}"}
    update = {"Statement": f"UPDATE things SET n = n + 1 {WHERE}"}
    exists = {
        "Statement": "EXISTS(SELECT * FROM things WHERE pk = 'a' AND sk = ? AND n = 7)",
        "Parameters": [{"N": "1"}],
    }
    with pytest.raises(client.exceptions.TransactionCanceledException) as caught:
        client.execute_transaction(TransactStatements=[insert, exists])
    codes = [reason["Code"] for reason in caught.value.response["CancellationReasons"]]
    assert codes == ["None", "ConditionalCheckFailed"]
    for _ in range(2):
        client.execute_transaction(TransactStatements=[insert, update], ClientRequestToken="once")
    reads = [
        {"Statement": f"SELECT n FROM things {WHERE}"},
        {"Statement": "SELECT * FROM things WHERE pk='b' AND sk=1"},
    ]
    responses = client.execute_transaction(TransactStatements=reads)["Responses"]
    assert responses == [{"Item": {"n": {"N": "2"}}}, {"Item": {"pk": {"S": "b"}, "sk": {"N": "1"}}}]
    with pytest.raises(client.exceptions.TransactionCanceledException) as caught:
        client.execute_transaction(TransactStatements=[update, insert])
    assert [reason["Code"] for reason in caught.value.response["CancellationReasons"]] == ["None", "DuplicateItem"]
    with pytest.raises(ClientError, match="same type"):
        client.execute_transaction(TransactStatements=[update, reads[1]])
