"""What parses, what does not and how that is said, and what an expression refers to."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.jsonata_syntax import SyntaxProblem, parse, references

VALID = [
    "$states.input.a[b = 1 and c != 'x'][0]^(>d, e).f{g: $sum(h)}",
    "$f := function($x, $y)<nn:n>{ $x * -$y + 1.5e3 }",
    "λ($v){ $v ~> $string() ~> $uppercase }",
    '( $a := [1..10, "two"]; /* note */ $a.($ % 2 = 0 ? "even" : "odd"); )',
    "$replace($x, /a[/]+b/im, `field name`)",
    "$ ~> |account.order|{'price': price * 1.2}, ['secret']|",
    "library.loans@$l.books@$b#$i[$l.isbn = $b.isbn].%.name",
    "$map($x, ?, 1)",
    "**.a.*.b[]",
    "a in [1, 2] or and = 3",
    "{'a': 1, $k: {}}",
    "$x ? 1",
]


@pytest.mark.parametrize("text", VALID)
def test_what_jsonata_takes(text: str) -> None:
    parse(text)


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("", "S0207", "Unexpected end of expression"),
        ("a b", "S0201", 'Syntax error: "b"'),
        ("(1", "S0203", 'Expected ")" before end of expression'),
        ("[1;2]", "S0202", 'Expected "]", got ";"'),
        ("'a", "S0101", "String literal must be terminated by a matching quote"),
        ("1e999", "S0102", "Number out of range: 1e999"),
        (r"'\q'", "S0103", r"Unsupported escape sequence: \q"),
        (r"'\u12'", "S0104", r"The escape sequence \u must be followed by 4 hex digits"),
        ("`a", "S0105", "Quoted property name must be terminated with a backquote (`)"),
        ("1 /* x", "S0106", "Comment has no closing tag"),
        ("function(x){1}", "S0208", "Parameter 1 of function definition must be a variable name (must start with $)"),
        ("a{b:c}[0]", "S0209", "A predicate cannot follow a grouping expression in a step"),
        ("a{b:c}{d:e}", "S0210", "Each step can only have one grouping expression"),
        ("* + )", "S0211", 'The symbol ")" cannot be used as a unary operator'),
        ("a := 1", "S0212", "The left side of := must be a variable name (start with $)"),
        ("a.1", "S0213", "The literal value 1 cannot be used as a step within a path expression"),
        ("true.a", "S0213", "The literal value true cannot be used as a step within a path expression"),
        ("a@b", "S0214", 'The right side of "@" must be a variable name (start with $)'),
        ("//", "S0301", "Empty regular expressions are not allowed"),
        ("/a", "S0302", "No terminating / in regular expression"),
        ("(" * 5000, "U1001", "The expression is nested deeper than 120 levels"),
    ],
)
def test_what_jsonata_does_not_take(text: str, code: str, message: str) -> None:
    with pytest.raises(SyntaxProblem) as caught:
        parse(text)
    assert (caught.value.code, caught.value.message) == (code, message)
    assert 0 <= caught.value.position <= len(text)


@pytest.mark.parametrize(
    ("text", "top_level", "states", "variables", "calls"),
    [
        ("$states.input.a & $x", [], ["input"], ["states", "x"], []),
        ("a.b + c[d] & e", ["a", "c", "e"], [], [], []),
        ("$x.(a & b)[c]^(d){e: f}", [], [], ["x"], []),
        ("'a'.b", ["a"], [], [], []),
        ("$$ & $.a & $x.$", ["$$", "$"], [], ["x"], []),
        ("$map($states.result, function($v, $i){ $v.a & $i & b })", ["b"], ["result"], ["states"], ["map"]),
        ("($a := 1; $a + $b)", [], [], ["b"], []),
        ("$states[0].input & $states.`context`.x", [], ["input", "context"], ["states"], []),
        ("|a|{'b': c}|", [], [], [], []),
    ],
)
def test_references(text: str, top_level: list[str], states: list[str], variables: list[str], calls: list[str]) -> None:
    found = references(parse(text))
    assert (found.top_level, found.states, found.variables, found.calls) == (top_level, states, variables, calls)


def test_long_chains_are_no_deep_ones() -> None:
    assert references(parse("+".join(["$x"] * 20_000))).variables == ["x"]


_texts = st.text(max_size=40) | st.text("$abc.[](){}'\"`1+?:,;|/x=^@#*%<>~& ", max_size=40)


@given(_texts)
def test_no_text_breaks_the_parser(text: str) -> None:
    with contextlib.suppress(SyntaxProblem):
        references(parse(text))
