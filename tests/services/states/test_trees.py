"""The cache of running executions' trees: right or nothing, and bounded in bytes."""

from __future__ import annotations

import json

import pytest

from segue.languages.asl import ExecutionMeta, Tree
from segue.languages.asl.frames import Branch
from segue.services.states import definitions
from segue.services.states.advance import Trees
from segue.services.states.definitions import Programs
from segue.services.states.records import Execution


def execution(name: str, revision: int = 1) -> Execution:
    return Execution(**{**dict.fromkeys(Execution._fields, 0), "arn": name, "revision": revision})  # type: ignore[arg-type]


def tree(text_bytes: int) -> Tree:
    made = Tree(ExecutionMeta("arn:aws:states:us-east-1:1:execution:m:e", "e", "r", 0, "m", "m"), "{}")
    made.apply({1: Branch(1, 0, 0, 0, "S", "x" * text_bytes, 0).dump()})
    return made


def test_a_tree_is_given_once_and_only_at_its_revision() -> None:
    trees = Trees(1_000_000)
    kept = tree(10)
    trees.put(execution("a", 1), kept)
    assert trees.take(execution("a", 1)) is kept
    assert trees.take(execution("a", 1)) is None
    trees.put(execution("a", 1), kept)
    assert trees.take(execution("a", 2)) is None


def test_old_trees_go_when_there_are_too_many_bytes() -> None:
    trees = Trees(4_000_000)
    for name in "abc":
        trees.put(execution(name), tree(400_000))
    assert trees.held_bytes <= trees.size_bytes
    assert [name for name in "abc" if trees.take(execution(name))] == ["b", "c"]
    assert trees.held_bytes == 0


def test_the_newest_tree_stays_however_big() -> None:
    trees = Trees(1_000_000)
    trees.put(execution("a"), tree(10))
    trees.put(execution("b"), tree(5_000_000))
    assert trees.take(execution("a")) is None
    assert trees.take(execution("b")) is not None


def test_the_size_of_a_tree_follows_its_frames() -> None:
    grown = tree(1_000)
    before = grown.size
    grown.apply({2: Branch(2, 0, 0, 0, "S", "y" * 5_000, 0).dump()})
    assert grown.size > before + 5_000
    assert Tree.load(grown.dump()).size == grown.size
    grown.apply({2: Branch(2, 0, 0, 0, "S", "y", 0).dump()})
    grown.apply({2: None})
    assert grown.size == before


def test_programs_are_bounded_by_the_length_of_their_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {
        name: json.dumps({"StartAt": "S", "States": {"S": {"Type": "Succeed", "Comment": name * 1_000}}})
        for name in "abc"
    }
    read: list[str] = []

    def definition(_: object, digest: str) -> str:
        read.append(digest)
        return texts[digest]

    monkeypatch.setattr(definitions, "text_of", definition)
    programs = Programs(2_500)
    for digest in "abcba":
        programs.get(None, digest)  # type: ignore[arg-type]
    assert read == ["a", "b", "c", "a"]
