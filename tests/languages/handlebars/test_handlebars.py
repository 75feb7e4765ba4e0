"""Mail templates: what they render to, what is missing, what is no template, and that nothing runs away."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.handlebars import InvalidTemplate, MissingAttribute, RenderingTooLarge, compile_template
from segue.languages.handlebars.program import MOST_STEPS

DATA: dict[str, Any] = {
    "name": "Ann",
    "html": "<b>&</b>",
    "count": 3,
    "price": 1.0,
    "yes": True,
    "no": False,
    "zero": 0,
    "empty": "",
    "null": None,
    "none": [],
    "meta": {"userId": "u-1", "a b": "spaced", "names": ["x", "y"]},
    "items": [{"title": "tea", "tags": ["hot", "green"]}, {"title": "milk", "tags": []}],
    "prices": {"tea": 2, "milk": 1},
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("", ""),
        ("plain { text } }}", "plain { text } }}"),
        ("Hello {{name}}, {{ name }}!", "Hello Ann, Ann!"),
        ("{{html}}{{{html}}}{{&html}}", "<b>&</b><b>&</b><b>&</b>"),
        ("{{count}} {{price}} {{yes}} {{no}}", "3 1.0 true false"),
        ("{{meta.userId}} {{meta/userId}} {{meta.[a b]}} {{meta.names.[1]}} {{meta.names.0}}", "u-1 u-1 spaced y x"),
        ("{{meta.names.length}} {{meta.names}}", '2 ["x", "y"]'),
        ("a{{! a comment }}b{{!-- {{name}} --}}c", "abc"),
        ("{{#if yes}}y{{else}}n{{/if}}{{#if no}}y{{else}}n{{/if}}{{#if yes}}y{{^}}n{{/if}}", "yny"),
        ("{{#if zero}}y{{/if}}{{#if empty}}y{{/if}}{{#if null}}y{{/if}}", ""),
        ("{{#if none}}y{{/if}}{{#if nowhere}}y{{/if}}", ""),
        ("{{#if no}}1{{else if count}}2{{else}}3{{/if}}{{#if no}}1{{else if zero}}2{{else}}3{{/if}}", "23"),
        ("{{#unless no}}y{{else}}n{{/unless}}{{#unless yes}}y{{else}}n{{/unless}}", "yn"),
        ("{{#each items}}{{@index}}:{{title}} {{/each}}", "0:tea 1:milk "),
        ("{{#each items}}{{#each tags}}{{this}}@{{../title}} {{else}}- {{/each}}{{/each}}", "hot@tea green@tea - "),
        ("{{#each prices}}{{@key}}={{.}}{{#unless @last}}, {{/unless}}{{/each}}", "tea=2, milk=1"),
        ("{{#each items}}{{#if @first}}first {{/if}}{{name}} {{@root.count}} {{/each}}", "first Ann 3 Ann 3 "),
        ("{{#each nowhere}}x{{else}}nothing{{/each}}{{#each none}}x{{else}}nothing{{/each}}", "nothingnothing"),
        ("{{#with meta}}{{userId}} {{this.userId}} {{../name}}{{/with}}", "u-1 u-1 Ann"),
        ("{{#* inline \"hi\"}}Hi {{title}}. {{/inline}}{{#each items}}{{> hi}}{{/each}}", "Hi tea. Hi milk. "),
        ("{{#* inline \"id\"}}{{userId}}{{/inline}}{{> id meta}}", "u-1"),
        ("a  {{~name~}}  b {{~!-- c --~}} d", "aAnnbd"),
        ("\\{{name}} {{name}}", "{{name}} Ann"),
    ],
)  # fmt: skip
def test_templates_render(template: str, text: str) -> None:
    assert compile_template(template).render(DATA) == text


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{{nowhere}}", "nowhere"),
        ("{{null}}", "null"),
        ("{{meta.nowhere}}", "meta.nowhere"),
        ("{{name.first}}", "name.first"),
        ("{{meta.names.[2]}}", "meta.names.[2]"),
        ("{{#if yes}}{{nowhere}}{{/if}}", "nowhere"),
        ("{{#each items}}{{../../nowhere}}{{/each}}", "../../nowhere"),
        ("{{#each items}}{{this.name}}{{/each}}", "this.name"),
        ("{{@index}}", "@index"),
        ("{{> nowhere}}", "> nowhere"),
    ],
)
def test_what_is_missing_is_named(template: str, name: str) -> None:
    with pytest.raises(MissingAttribute) as raised:
        compile_template(template).render(DATA)
    assert str(raised.value) == f"Attribute '{name}' is not present in the rendering data."


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{name", "line 1: a tag is not closed"),
        ("\n{{#if a}}", "line 2: the block 'if' is not closed"),
        ("{{/if}}", "'/if' closes no block"),
        ("{{#if a}}{{/each}}", "'/each' closes no block"),
        ("{{else}}", "'else' without a block"),
        ("{{#if a}}{{else}}{{else}}{{/if}}", "'else' without a block"),
        ("{{#shout name}}{{/shout}}", "there is no helper 'shout'"),
        ("{{upper name}}", "'upper name' is no attribute"),
        ("{{}}", "'' is no attribute"),
        ("{{#if}}{{/if}}", "'' is no attribute"),
        ("{{a.}}", "'a.' is no attribute"),
        ("{{a..b}}", "'a..b' is no attribute"),
        ("{{>}}", "names no partial"),
        ("{{#if a}}" * 61 + "{{/if}}" * 61, "nest deeper than 60"),
    ],
)
def test_what_is_no_template_is_refused(template: str, words: str) -> None:
    with pytest.raises(InvalidTemplate, match=words.replace("(", r"\(").replace(".", r"\.")):
        compile_template(template)


@pytest.mark.parametrize(
    "template",
    [
        "{{#* inline \"again\"}}{{> again}}{{/inline}}{{> again}}",
        "{{#each a}}{{#each ../a}}{{#each ../../a}}{{#each ../../../a}}x{{/each}}{{/each}}{{/each}}{{/each}}",
        "{{#each a}}{{@root.long}}{{/each}}",
    ],
)  # fmt: skip
def test_no_template_runs_away(template: str) -> None:
    with pytest.raises(RenderingTooLarge):
        compile_template(template).render({"a": list(range(1, 100)), "long": "x" * 200_000})


def test_many_open_braces_take_no_long_time() -> None:
    with pytest.raises(InvalidTemplate):
        compile_template("{{!--" * (MOST_STEPS // 2))


@given(st.text(alphabet="{}#/^&>!~-.@[] \"'\\aeinflsu", max_size=60))
def test_whatever_the_text_it_is_a_template_or_refused(text: str) -> None:
    try:
        program = compile_template(text)
    except InvalidTemplate:
        return
    try:
        program.render({"a": ["e", {"i": 1}], "if": True})
    except (MissingAttribute, RenderingTooLarge):
        return
