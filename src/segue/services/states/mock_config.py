"""Mock configuration files of Step Functions Local: which states of which test cases answer what, without being done.

Pure: the file's text in, responses out; everything that is wrong with it is told in words. Format: developer guide,
"Configuration file for mocked service integrations in Step Functions".
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from segue.languages.asl import json_text

_FIELDS = ("StateMachines", "MockedResponses")
_RANGE = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")
_MOST_TOLD = 10


class InvalidMockConfig(Exception):
    """The file cannot be used; ``problems`` says why, one line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Response:
    """What a state answers from its ``first`` to its ``last`` invocation, counted from 0 within an execution.

    ``result`` is the returned value's JSON text; None where ``error`` and ``cause`` are thrown.
    """

    first: int
    last: int
    result: str | None = None
    error: str | None = None
    cause: str | None = None


Responses = tuple[Response, ...]
"""Of one state: in order, from 0 on, without gaps."""


@dataclass(frozen=True, slots=True)
class MockConfig:
    """Machine name → test case → state name → responses."""

    machines: dict[str, dict[str, dict[str, Responses]]]


@lru_cache(maxsize=4)
def parse_mock_config(text: str) -> MockConfig:
    """The configuration that a file's text means.

    Raises:
        InvalidMockConfig: with everything that is wrong.
    """
    try:
        document = json_text.parse(text)
    except json.JSONDecodeError as error:
        raise InvalidMockConfig([f"line {error.lineno}, column {error.colno}: it is not JSON: {error.msg}"]) from None
    except ValueError as error:
        raise InvalidMockConfig([f"it is not JSON: {error}"]) from None
    reading = _Reading()
    config = reading.config(document)
    if reading.problems:
        raise InvalidMockConfig(reading.problems[:_MOST_TOLD])
    return config


class _Reading:
    """One reading of a file, with what was found to be wrong."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._responses: dict[str, Responses] = {}

    def config(self, document: Any) -> MockConfig:
        fields = self._object(document, "the file")
        for field in fields:
            if field not in _FIELDS:
                self.problems.append(f"'{field}' is not a field of the file: it has 'StateMachines', 'MockedResponses'")
        for field in _FIELDS:
            if field not in fields:
                self.problems.append(f"'{field}' is missing")
        for name, value in self._object(fields.get("MockedResponses", {}), "MockedResponses").items():
            self._responses[name] = self._numbered(value, f"MockedResponses.{name}")
        machines = self._object(fields.get("StateMachines", {}), "StateMachines")
        return MockConfig({name: self._machine(value, f"StateMachines.{name}") for name, value in machines.items()})

    def _object(self, value: Any, where: str) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        self.problems.append(f"{where} must be an object")
        return {}

    def _machine(self, value: Any, where: str) -> dict[str, dict[str, Responses]]:
        machine = self._object(value, where)
        if "TestCases" not in machine and isinstance(value, dict):
            self.problems.append(f"{where}: 'TestCases' is missing")
        cases = self._object(machine.get("TestCases", {}), f"{where}.TestCases")
        return {case: self._case(states, f"{where}.TestCases.{case}") for case, states in cases.items()}

    def _case(self, value: Any, where: str) -> dict[str, Responses]:
        found = {}
        for state, name in self._object(value, where).items():
            if not isinstance(name, str) or name not in self._responses:
                self.problems.append(f"{where}.{state}: there is no mocked response {json.dumps(name)}")
            else:
                found[state] = self._responses[name]
        return found

    def _numbered(self, value: Any, where: str) -> Responses:
        found = []
        for key, response in self._object(value, where).items():
            match = _RANGE.fullmatch(key)
            if match is None:
                self.problems.append(f"{where}: '{key}' is neither a number nor a range such as '1-2'")
                continue
            first, last = int(match[1]), int(match[2] or match[1])
            if last < first:
                self.problems.append(f"{where}: the range '{key}' runs backwards")
            found.append(self._response(response, first, last, f"{where}.{key}"))
        if isinstance(value, dict) and not value:
            self.problems.append(f"{where}: it has no responses; the first is '0'")
        found.sort(key=lambda response: response.first)
        expected = 0
        for one in found:
            if one.first != expected:
                self.problems.append(
                    f"{where}: number {expected} is expected where {one.first} is: from '0' on, each once"
                )
                break
            expected = one.last + 1
        return tuple(found)

    def _response(self, value: Any, first: int, last: int, where: str) -> Response:
        response = self._object(value, where)
        if isinstance(value, dict) and (len(value) != 1 or not response.keys() <= {"Return", "Throw"}):
            self.problems.append(f"{where}: it must have either 'Return' or 'Throw', and nothing else")
        if "Throw" not in response:
            return Response(first, last, result=json_text.dump(response.get("Return")))
        thrown = self._object(response["Throw"], f"{where}.Throw")
        error, cause = thrown.get("Error"), thrown.get("Cause")
        if not isinstance(error, str) or not isinstance(cause, str | None) or not thrown.keys() <= {"Error", "Cause"}:
            self.problems.append(
                f"{where}.Throw: it must have the text 'Error', may have the text 'Cause', nothing else"
            )
            return Response(first, last)
        return Response(first, last, error=error, cause=cause)
