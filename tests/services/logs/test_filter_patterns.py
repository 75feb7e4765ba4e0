"""Filter patterns by table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.errors import AwsError
from segue.services.logs.filter_patterns import compile_pattern

JSON_MESSAGE = (
    '{"type": "quote", "rate": 5.5, "ok": true, "none": null, "who": {"name": "Bank A", "ids": [1, 2, 3]},'
    ' "list": [{"x": "a"}, {"x": "b"}], "user-name": "u"}'
)


@pytest.mark.parametrize(
    ("pattern", "message", "matched"),
    [
        ("", "anything", True),
        ("ERROR", "[ERROR 400] bad", True),
        ("ERROR", "[error 400] bad", False),
        ("ERROR ARGUMENTS", "ERROR: bad ARGUMENTS", True),
        ("ERROR ARGUMENTS", "ERROR: bad", False),
        ("?ERROR ?WARN", "a WARN b", True),
        ("?ERROR ?WARN", "an INFO b", False),
        ("ERROR -EXIT", "ERROR here", True),
        ("ERROR -EXIT", "ERROR EXIT", False),
        ('"INTERNAL SERVER ERROR"', "500 INTERNAL SERVER ERROR!", True),
        ('"INTERNAL SERVER ERROR"', "SERVER INTERNAL ERROR", False),
        ('-"two words"', "other words", True),
        ("%ERR[0-9]+%", "an ERR42", True),
        ("%ERR[0-9]+%", "an ERR", False),
    ],
)
def test_terms(pattern: str, message: str, matched: bool) -> None:
    assert compile_pattern(pattern)(message) is matched


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ('{ $.type = "quote" }', True),
        ("{ $.type = quote }", True),
        ('{ $.type = "q*" }', True),
        ('{ $.type != "quote" }', False),
        ("{ $.rate > 5 }", True),
        ("{ $.rate <= 5.4 }", False),
        ("{ $.rate = 5.5 && $.type = quote }", True),
        ('{ ($.rate < 1 || $.type = "quote") && $.ok IS TRUE }', True),
        ("{ $.none IS NULL }", True),
        ("{ $.ok IS FALSE }", False),
        ("{ $.absent NOT EXISTS }", True),
        ("{ $.type NOT EXISTS }", False),
        ('{ $.who.name = "Bank A" }', True),
        ("{ $.who.ids[1] = 2 }", True),
        ("{ $.who.ids[*] = 3 }", True),
        ("{ $.who.ids[9] = 3 }", False),
        ('{ $.list[*].x = "b" }', True),
        ('{ $.["user-name"] = u }', True),
        ("{ $.type = %^q.+e$% }", True),
        ("{ $.absent = 1 }", False),
    ],
)
def test_json(pattern: str, matched: bool) -> None:
    if ".[" in pattern:
        pattern = pattern.replace(".[", "[")
    assert compile_pattern(pattern)(JSON_MESSAGE) is matched
    assert compile_pattern(pattern)("no JSON") is False


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("[ip, user, name, time, request, status, bytes]", True),
        ("[ip, user, name, time, request, status = 4*, bytes]", True),
        ("[ip, user, name, time, request, status = 404, bytes > 1000]", True),
        ("[ip, user, name, time, request, status = 200, bytes]", False),
        ("[..., status = 404 || status = 410, bytes]", True),
        ('[ip = "127.*", ..., bytes != 1]', True),
        ("[ip, bytes]", False),
    ],
)
def test_fields(pattern: str, matched: bool) -> None:
    message = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
    assert compile_pattern(pattern)(message) is matched


@pytest.mark.parametrize(
    "pattern", ["{ $.a }", "{ $.a = }", "{ a = 1 }", "[a = ]", "[a", "{ $.a = 1", "%(a+%", "%(?=a)%", "%[%"]
)
def test_what_is_no_pattern(pattern: str) -> None:
    with pytest.raises(AwsError) as caught:
        compile_pattern(pattern)
    assert caught.value.code == "InvalidParameterException"


@given(st.text(alphabet='{}[]()$.=<>!&|"%?-* ab1', max_size=30), st.text(alphabet='{}[]"ab1: ,', max_size=30))
def test_any_text_is_a_pattern_or_refused(pattern: str, message: str) -> None:
    try:
        matches = compile_pattern(pattern)
    except AwsError:
        return
    assert matches(message) in (True, False)
