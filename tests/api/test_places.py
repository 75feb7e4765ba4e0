"""Places: so many at once and no more, whoever holds them."""

from __future__ import annotations

from segue.api import places
from segue.clock import ManualClock
from segue.ids import Ids
from segue.store.sqlite import SqliteStore


class House:
    """Two nodes' places in one store."""

    def __init__(self) -> None:
        self._store = SqliteStore(None, {"places": places.MIGRATIONS}, ManualClock(), Ids(1))

    def take(self, place: str, node: str = "one", what: str = "f", most: int = 2) -> bool:
        return self._store.transact(lambda tx: places.take(tx, what, most, place=place, node=node))[0]

    def share(self, wanted: int, node: str = "one", most: int = 100) -> int:
        return self._store.transact(lambda tx: places.share(tx, "f", most, wanted, node=node))[0]

    def give_back(self, place: str) -> None:
        self._store.transact(lambda tx: places.give_back(tx, place))

    def lose_of(self, node: str) -> None:
        self._store.transact(lambda tx: places.lose_of(tx, node))


def test_no_more_are_taken_than_there_are_by_all_nodes_together() -> None:
    house = House()
    assert house.take("a")
    assert house.take("b", node="two")
    assert not house.take("c")
    assert house.take("d", what="g")
    assert not house.take("e", most=0, what="h")


def test_what_is_given_back_is_another_s_and_only_once() -> None:
    house = House()
    house.take("a")
    house.take("b")
    for _ in range(2):
        house.give_back("a")
        house.give_back("never taken")
    assert house.take("c")
    assert not house.take("d")


def test_a_node_that_goes_leaves_its_places() -> None:
    house = House()
    house.take("a", node="one")
    house.take("b", node="two")
    house.lose_of("one")
    assert house.take("c", node="two")
    assert not house.take("d", node="two")


def test_a_share_is_what_is_wanted_and_some_more_while_there_are_many() -> None:
    house = House()
    assert house.share(20) == 20 + 80 // 4
    assert house.share(20) == 20  # fewer than it held: no more than it says
    assert house.share(20, node="two") == 20 + 60 // 8
    assert house.share(90, node="two") == 80
    assert house.share(1, node="three") == 0
    assert house.share(0) == 0
    assert house.share(1, node="three") == 1 + 19 // 12
    assert house.share(20) == 18


def test_a_node_that_goes_leaves_its_share() -> None:
    house = House()
    house.share(100)
    assert house.share(1, node="two") == 0
    house.lose_of("one")
    assert house.share(100, node="two") == 100
