"""Templates in tables, and what must hold of any text."""

from __future__ import annotations

import contextlib
import copy
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.languages.velocity import Host, VelocityError, render

DATA: dict[str, Any] = {"a": 1, "b": {"c": "x", "d": [1, 2, 3]}, "n": None, "t": "Hello, World", "f": False}

RENDERED = [
    # references
    ("$a ${a}b $b.c ${b.c}y $b.d[1] $b.get('c')", "1 1b x xy 2 x"),
    ("$nobody $!nobody ${nobody} $!{nobody.at.all}|", "$nobody  ${nobody} |"),
    ("$n $b.nothing.at.all|", " |"),
    ("costs $5, 100$ and $", "costs $5, 100$ and $"),
    (r"\$a \#if \x", r"$a #if \x"),
    ("$a.b.", "."),
    ("mail@$b.c.", "mail@x."),
    # set, if, foreach
    ("#set($x = $a + 2)$x#set($b.c = 'new')$b.c#set($b.d[0] = 9)$b.d", "3new[9, 2, 3]"),
    ("#if($f)a#elseif($a == 1)b#else c#end", "b"),
    ("#if($nobody)a#{else}b#end", "b"),
    ('#if("")yes#end', "yes"),
    ("#foreach($i in [1..3])$i$velocityCount$foreach.index#if($foreach.hasNext),#end#end", "110,221,332"),
    ("#foreach($v in {'p': 1, 'q': 2})$v;#end$!v", "1;2;"),
    ("#foreach($i in [1..9])#if($i == 3)#break#end$i#end!", "12!"),
    ("a#stop b", "a"),
    ("#foreach($i in [3..1])$i#end", "321"),
    # comments and text
    ("a## comment\nb#* c\nd *#e#[[ $a #if ]]#", "abe $a #if "),
    ("#nothing #1 # a", "#nothing #1 # a"),
    ("{\n#if($a)\n  1\n#end\n}", "{\n  1\n}"),
    # strings
    ("#set($s = \"v=$a, ${b.c}\")$s#set($s = 'v=$a')$s", "v=1, xv=$a"),
    ('#set($s = "say \\"$a\\"")$s', 'say "1"'),
    ("#set($s = 'it''s')$s", "it's"),
    # arithmetic and logic
    ("#set($x = 7 / 2 + 2 * 3 - 10 % 4)$x", "7"),
    ("#set($x = -7 / 2)$x #set($y = 7.0 / 2)$y", "-3 3.5"),
    ("#set($x = 1 / 0)$!x|", "|"),
    ("#set($x = 'a' + 1 + 'b')$x", "a1b"),
    ("#if($a > 0 && $a <= 1 && !($a != 1) and not $f)y#end", "y"),
    ("#if('1' == 1)y#end#if($n == $nobody)z#end", "yz"),
    ("#if($a lt 2 or $a gt 3)y#end", "y"),
    # as Java prints
    ('#set($m = {"k": [1, 2.0, true, "x"], "z": {}})$m', "{k=[1, 2.0, true, x], z={}}"),
    # methods
    ("$t.length() $t.toUpperCase() $t.substring(0, 5) $t.substring(7)", "12 HELLO, WORLD Hello World"),
    ("$t.replace('l', 'L') $t.replaceAll('[aeiou]', '<$0>') $t.replaceFirst('o', '0')", None),
    ("$t.contains('World') $t.startsWith('H') $t.endsWith('x') $t.indexOf('o')", "true true false 4"),
    ("$t.split(', ') $t.split('o').size() $t.matches('Hello.*') $t.equals('x')", "[Hello, World] 3 true false"),
    ("$b.d.size() $b.d.isEmpty() $b.d.contains(2) $b.d.get(0) $b.d.indexOf(3)", "3 false true 1 2"),
    ("#set($l = [])#set($ok = $l.add(1))#set($ok = $l.addAll([2, 3]))$l$l.remove(0)$l.size()", "[1, 2, 3]12"),
    ("#set($m = {})$!m.put('k', 1)$m.containsKey('k')$m.k$m.keySet()$m.values()$!m.remove('k')$m", "true1[k][1]1{}"),
    ("#foreach($e in $b.entrySet())$e.key=$e.getValue();#end", "c=x;d=[1, 2, 3];"),
    ("$a.class $t.getClass() $t.__class__ $b.d.__len__()|", "   |"),
]


@pytest.mark.parametrize(("template", "expected"), RENDERED)
def test_rendered(template: str, expected: str | None) -> None:
    expected = "HeLLo, WorLd H<e>ll<o>, W<o>rld Hell0, World" if expected is None else expected
    assert render(template, copy.deepcopy(DATA)) == expected


REFUSED = [
    "#if($a)",
    "#end",
    "#foreach($i of [1])#end",
    "#set($x)",
    "#set($x = )",
    "#set($x = 'open)",
    "#macro(x)#end",
    "#* open",
    "$t.substring(99)",
    "$t.substring('x')",
    "$t.length(1)",
    "$b.d.get(7)",
    "$t.replaceAll('(a+)+$', '')",
    "$t.replaceAll('(?=a)', '')",
    "$t.replaceAll('[', '')",
    "#set($x = 9999999999999999999)",
    "#foreach($i in [1..99999])#end",
    "#set($x = " + "(" * 200 + "1" + ")" * 200 + ")",
    "#if(true)" * 200 + "#end" * 200,
    # what would never end, or fill the memory
    "#set($s = 'xxxxxxxx')#foreach($i in [1..9000])#set($s = \"$s$s\")#end",
    "#set($l = [1])#foreach($i in [1..9000])#set($ok = $l.addAll($l))#end",
    "#set($l = [])#set($ok = $l.add($l))$l",
    "#set($m = [1])#foreach($i in [1..50])#set($m = [$m, $m, $m])#end$m",
    "#foreach($i in [1..9999])#foreach($j in [1..9999])#foreach($k in [1..9999])#end#end#end",
]


@pytest.mark.parametrize("template", REFUSED)
def test_refused_and_soon(template: str) -> None:
    began = time.process_time()
    with pytest.raises(VelocityError):
        render(template, dict(DATA))
    assert time.process_time() - began < 2


def test_objects_have_what_their_tables_say() -> None:
    kept: dict[str, Any] = {}
    host = Host({"twice": lambda text: text * 2}, {"name": "x"}.get, kept.__setitem__)
    assert render("$o.twice('ab') $o.name $!o.other $!o.gone()#set($o.put = 1)", {"o": host}) == "abab x  "
    assert kept == {"put": 1}
    with pytest.raises(VelocityError, match="twice is not called with 0 arguments"):
        render("$o.twice()", {"o": host})


PIECES = st.sampled_from(
    (*"${}#()[]ab.\"' \n=1,:!\\*", "if", "set", "end", "foreach", "in ", "..", "#if($a)", "#end", "#set($x = ", "$b.d")
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join))
def test_any_text_is_rendered_or_refused(template: str) -> None:
    with contextlib.suppress(VelocityError):
        assert isinstance(render(template, {"a": 1, "b": {"d": [1]}}), str)


@given(st.text(alphabet=st.characters(exclude_characters="$#\\")))
def test_plain_text_stays(text: str) -> None:
    assert render(text, {}) == text


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6).filter(bool))
def test_division_is_javas(left: int, right: int) -> None:
    text = render("#set($q = $l / $r)#set($m = $l % $r)#set($back = $q * $r + $m)$back", {"l": left, "r": right})
    assert text == str(left)
