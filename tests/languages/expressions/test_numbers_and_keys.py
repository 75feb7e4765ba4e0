"""Numbers: one text for a value, exact sums; keys: bytes in the order of the values."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.expressions import ExpressionError, after_prefix, encode_key
from segue.languages.expressions.numbers import add_numbers, canonical_number, number_size_bytes, subtract_numbers

numbers = st.builds(
    lambda digits, exponent, sign: Decimal((sign, tuple(map(int, str(digits))), exponent)),
    st.integers(0, 10**38 - 1),
    st.integers(-120, 80),
    st.integers(0, 1),
)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("1.0", "1"),
        ("0", "0"),
        ("-0", "0"),
        ("-0.00", "0"),
        ("1E+2", "100"),
        ("001.50", "1.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("+7", "7"),
        ("1e-3", "0.001"),
        ("100", "100"),
        ("-12.340", "-12.34"),
        ("9" * 38, "9" * 38),
        ("1E125", "1" + "0" * 125),
        ("1E-130", "0." + "0" * 129 + "1"),
    ],
)
def test_one_text_for_a_value(text: str, canonical: str) -> None:
    assert canonical_number(text) == canonical


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The parameter cannot be converted to a numeric value"),
        ("abc", "The parameter cannot be converted to a numeric value: abc"),
        ("NaN", "The parameter cannot be converted to a numeric value: NaN"),
        ("1 ", "The parameter cannot be converted to a numeric value: 1 "),
        ("1E126", "Number overflow. Attempting to store a number with magnitude larger than supported range"),
        ("1E-131", "Number underflow. Attempting to store a number with magnitude smaller than supported range"),
        ("1" + "0" * 37 + "1", "Attempting to store more than 38 significant digits in a Number"),
    ],
)
def test_what_is_no_number(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        canonical_number(text)
    assert caught.value.message == message


@given(numbers)
def test_canonical_keeps_the_value_and_is_stable(number: Decimal) -> None:
    text = canonical_number(str(number))
    assert Decimal(text) == number
    assert canonical_number(text) == text
    assert 1 <= number_size_bytes(text) <= 21


@given(numbers, numbers)
def test_sums_are_exact_or_refused(left: Decimal, right: Decimal) -> None:
    with localcontext() as exact:
        exact.prec = 400
        total, difference = left + right, left - right
    for compute, wanted in ((add_numbers, total), (subtract_numbers, difference)):
        try:
            found = compute(canonical_number(str(left)), canonical_number(str(right)))
        except ExpressionError:
            digits = "".join(map(str, wanted.as_tuple().digits)).strip("0")
            assert len(digits) > 38 or not -130 <= wanted.adjusted() <= 125
        else:
            assert Decimal(found) == wanted


@given(numbers, numbers)
def test_number_keys_are_ordered_by_value(left: Decimal, right: Decimal) -> None:
    one, two = (encode_key({"N": canonical_number(str(number))}) for number in (left, right))
    assert (one < two) == (left < right)
    assert (one == two) == (left == right)


@given(st.text(), st.text())
def test_text_keys_are_ordered_by_utf_8(left: str, right: str) -> None:
    try:
        expected = left.encode() < right.encode()
    except UnicodeEncodeError:
        return
    assert (encode_key({"S": left}) < encode_key({"S": right})) == expected


@given(st.binary(max_size=6), st.binary(max_size=8))
def test_after_prefix_bounds_what_begins_with_it(prefix: bytes, key: bytes) -> None:
    bound = after_prefix(prefix)
    inside = prefix <= key and (bound is None or key < bound)
    assert inside == key.startswith(prefix)
