from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.errors import AwsError
from segue.services.sqs.receipts import decode_receipt, encode_receipt

ids = st.integers(0, 2**63 - 1)


@given(queue=st.text(), row_id=ids, receipt=ids)
def test_a_handle_names_its_receive(queue: str, row_id: int, receipt: int) -> None:
    handle = encode_receipt(queue, row_id, receipt)
    assert handle.startswith("AQEB")
    assert decode_receipt(queue, handle) == (row_id, receipt)


@given(handle=st.text())
def test_other_text_is_refused(handle: str) -> None:
    with pytest.raises(AwsError) as refused:
        decode_receipt("arn", handle)
    assert refused.value.code == "ReceiptHandleIsInvalid"


def test_a_handle_of_another_queue_is_refused() -> None:
    with pytest.raises(AwsError):
        decode_receipt("one", encode_receipt("other", 1, 2))
