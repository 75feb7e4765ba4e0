"""Events as they are kept: what is written is read again, and what is repeated is kept once."""

from __future__ import annotations

from typing import Any

import msgpack
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.asl.history import HistoryEvent
from segue.services.states.chunks import pack_events, unpack_events

_TEXTS = st.sampled_from(["", "{}", '"ä\\u0000"', '{"some": "payload that is long"}', "[" + "1," * 40 + "1]"])
_MEMBERS = {
    "input": _TEXTS,
    "output": _TEXTS,
    "index": st.integers(0, 9),
    "inputDetails": st.just({"truncated": False}),
}
_DETAILS = st.none() | st.fixed_dictionaries({"name": st.text(max_size=3)}, optional=_MEMBERS)
_IDS = st.integers(0, 9)
_EVENTS = st.lists(
    st.builds(HistoryEvent, _IDS, _IDS, st.integers(0, 1 << 45), st.text(max_size=5), _DETAILS), max_size=8
)


@given(_EVENTS)
def test_events_are_read_as_they_were_written(events: list[HistoryEvent]) -> None:
    assert unpack_events(pack_events(events)) == events
    assert unpack_events(msgpack.packb(events)) == events  # as they were written once


def test_a_payload_that_goes_through_many_states_is_kept_once() -> None:
    payload = '{"order": "' + "x" * 1_000 + '"}'
    events = [HistoryEvent(number, number - 1, 0, "PassStateEntered", _entered(payload)) for number in range(1, 21)]
    assert len(pack_events(events)) < 2_500


def _entered(payload: str) -> dict[str, Any]:
    return {"name": "S", "input": payload, "inputDetails": {"truncated": False}}
