"""Definitions by chance, in both query languages: most of them valid, some of them mutated until they hardly are."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

State = dict[str, Any]

INVOKE = "arn:aws:states:::lambda:invoke"
CALLBACK = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
ACTIVITY = "arn:aws:states:us-east-1:111111111111:activity:a"
FUNCTION = "arn:aws:lambda:us-east-1:111111111111:function:f"
CHILD = "arn:aws:states:::states:startExecution.sync:2"

_keys = st.sampled_from(["a", "b", "items", "n"])
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 10)
    | st.sampled_from([0.5, 10**20, "", "x", "é\u2028", "2030-01-01T00:00:00Z"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=6,
)
inputs = st.fixed_dictionaries(
    {}, optional={"a": values, "b": values, "items": st.lists(values, max_size=4), "n": st.integers(-1, 9)}
)

_paths = st.sampled_from(
    [
        *("$", "$.a", "$.b.c", "$.items", "$.items[0]", "$.items[*]", "$..a", "$.items[?(@.a == 1)]", "$.items[-1:]"),
        *("$.n", "$$.Execution.Input", "$$.State.Name", "$$", "$v", "$v.a", "$.items.length()", "$['a','b']", "$.no"),
    ]
)
_calls = st.sampled_from(
    [
        "States.Format('{}-{}', $.a, $.n)",
        "States.Array($.a, $.b, 1)",
        "States.ArrayPartition($.items, $.n)",
        "States.ArrayRange(1, 9, 2)",
        "States.StringToJson(States.JsonToString($.a))",
        "States.MathAdd($.n, 1)",
        "States.MathRandom(1, 9)",
        "States.UUID()",
        "States.Hash($.a, 'SHA-1')",
        "States.JsonMerge($.a, $.b, false)",
        "States.ArrayUnique($.items)",
        "States.ArrayGetItem($.items, $.n)",
        "States.Base64Encode('x')",
        "States.StringSplit('a,b', ',')",
    ]
)
_texts = st.sampled_from(["text", "{% text", "$.a"])
_templates = st.recursive(
    st.dictionaries(st.sampled_from(["p.$", "q.$"]), _paths | _calls, max_size=2) | _texts | st.integers(0, 5),
    lambda inner: st.dictionaries(_keys, inner, max_size=2) | st.lists(inner, max_size=2),
    max_leaves=4,
)
_expressions = st.sampled_from(
    [
        "$states.input",
        "$states.input.a",
        "$states.input.items",
        "$states.context.Execution.Input",
        "$states.input.n + 1",
        "$sum($states.input.items)",
        "$count($states.input.items[$ > 1])",
        "$map($states.input.items, function($i) { {'i': $i} })",
        "$merge([$states.input, {'x': $uuid()}])",
        "$range(1, $states.input.n, 1)",
        "$partition($states.input.items, 2)",
        "$hash('x', 'SHA-256')",
        "$random(3)",
        "$parse($string($states.input))",
        "$v",
        "$v.a ~> $string",
        "($f := function($n) { $n <= 0 ? 0 : $f($n - 1) }; $f($states.input.n))",
        "$f := function($x) { $x }",
        "1/0",
        "$states.input.no.such",
        "$error('because')",
        "[1..$states.input.n]",
        "$states.input.items^(>$).{'v': $}",
        "true",
    ]
).map(lambda text: f"{{% {text} %}}")
_outputs = st.recursive(
    _expressions | values,
    lambda inner: st.dictionaries(_keys, inner, max_size=2) | st.lists(inner, max_size=2),
    max_leaves=4,
)
_seconds = st.integers(1, 9)


def _some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[State]:
    return st.fixed_dictionaries({}, optional=fields)


def _with(state: State, more: st.SearchStrategy[State]) -> st.SearchStrategy[State]:
    return more.map(lambda fields: {**state, **fields})


_names = st.lists(st.sampled_from(["E", "Busy", "States.TaskFailed", "States.Timeout"]), min_size=1, max_size=2)
_retriers = st.lists(
    st.fixed_dictionaries(
        {"ErrorEquals": _names},
        optional={
            "MaxAttempts": st.integers(0, 2),
            "IntervalSeconds": _seconds,
            "BackoffRate": st.sampled_from([1, 1.5, 2.0]),
            "JitterStrategy": st.sampled_from(["FULL", "NONE"]),
        },
    ),
    max_size=2,
)


def _catchers(jsonata: bool) -> st.SearchStrategy[list[State]]:
    more = (
        {"Output": _outputs, "Assign": st.just({"v": "{% $states.errorOutput %}"})}
        if jsonata
        else {"ResultPath": st.sampled_from(["$.e", None, "$"]), "Assign": st.just({"v.$": "$.Error"})}
    )
    names = _names | st.just(["States.ALL"])
    catcher = st.fixed_dictionaries({"ErrorEquals": names, "Next": st.just("?")}, optional=more)
    return st.lists(catcher, max_size=1)


def _io(jsonata: bool) -> dict[str, st.SearchStrategy[Any]]:
    if jsonata:
        return {"Output": _outputs, "Assign": st.dictionaries(st.just("v"), _outputs, max_size=1)}
    assigned = st.dictionaries(st.just("v.$"), _paths | _calls, max_size=1)
    return {"InputPath": _paths | st.none(), "OutputPath": _paths | st.none(), "Assign": assigned}


def _result(jsonata: bool) -> dict[str, st.SearchStrategy[Any]]:
    if jsonata:
        return {"Arguments": _outputs}
    written = st.sampled_from(["$", "$.a", "$.r.s", None, "$.items[0]"])
    return {"Parameters": _templates, "ResultSelector": _templates, "ResultPath": written}


_rules: list[State] = [
    {"Variable": "$.a", "IsPresent": True},
    {"Variable": "$.n", "NumericGreaterThan": 3},
    {"Variable": "$.n", "NumericLessThanPath": "$.a"},
    {"Variable": "$.a", "StringMatches": "*x*"},
    {"Not": {"Variable": "$.b", "IsNull": True}},
    {"And": [{"Variable": "$.a", "IsString": True}, {"Variable": "$v", "BooleanEquals": True}]},
    {"Variable": "$$.State.EnteredTime", "IsTimestamp": True},
]
_JSONPATH_RULES = st.sampled_from(_rules)
_JSONATA_RULES = st.sampled_from(["{% $states.input.n > 3 %}", "{% $exists($states.input.a) %}", True, "{% 1 %}"]).map(
    lambda condition: {"Condition": condition}
)


def _choice(jsonata: bool) -> st.SearchStrategy[State]:
    rules: st.SearchStrategy[State] = _JSONATA_RULES if jsonata else _JSONPATH_RULES
    return st.fixed_dictionaries(
        {
            "Type": st.just("Choice"),
            "Choices": st.lists(rules.map(lambda rule: {**rule, "Next": "?"}), min_size=1, max_size=3),
        },
        optional={"Default": st.just("?")},
    )


def _leaf(jsonata: bool) -> st.SearchStrategy[State]:
    io, result, query = _io(jsonata), _result(jsonata), "JSONata" if jsonata else "JSONPath"
    pass_fields = io if jsonata else {**io, "Parameters": _templates, "ResultPath": result["ResultPath"]}
    waits = [st.just({"Seconds": 2}), st.just({"Timestamp": "2030-01-01T00:00:00Z"})]
    waits.append(st.just({"Seconds": "{% $states.input.n %}"} if jsonata else {"SecondsPath": "$.n"}))
    task = {
        **io,
        **result,
        "Retry": _retriers,
        "Catch": _catchers(jsonata),
        "TimeoutSeconds": st.integers(3, 20),
    }
    resources = st.sampled_from([INVOKE, CALLBACK, ACTIVITY, FUNCTION, CHILD])
    tasks = st.builds(lambda resource, more: {"Type": "Task", "Resource": resource, **more}, resources, _some(**task))
    states = [
        _with({"Type": "Pass"}, _some(**pass_fields)),
        st.builds(lambda wait, more: {"Type": "Wait", **wait, **more}, st.one_of(waits), _some(**io)),
        tasks,
        tasks,
        _choice(jsonata),
        st.just({"Type": "Succeed"}),
        st.just({"Type": "Fail", "Error": "E", "Cause": "because"}),
    ]
    return st.one_of(states).map(lambda state: {**state, "QueryLanguage": query})


def _composite(jsonata: bool, depth: int) -> st.SearchStrategy[State]:
    more = {**_io(jsonata), **_result(jsonata), "Retry": _retriers, "Catch": _catchers(jsonata)}
    inner = _container(depth - 1)
    parallel = st.builds(
        lambda branches, fields: {"Type": "Parallel", "Branches": branches, **fields},
        st.lists(inner, min_size=1, max_size=3),
        _some(**more),
    )
    items: dict[str, st.SearchStrategy[Any]] = {"MaxConcurrency": st.integers(0, 3)}
    if jsonata:
        items |= {
            "Items": st.just("{% $states.input.items %}") | st.lists(values, max_size=3),
            "ItemSelector": _outputs,
        }
    else:
        items |= {
            "ItemsPath": st.sampled_from(["$.items", "$$.Execution.Input.items", "$"]),
            "ItemSelector": _templates,
        }
    unused = {"Arguments", "Parameters"}
    mapped = st.builds(
        lambda processor, fields: {"Type": "Map", "ItemProcessor": processor, **fields},
        inner,
        _some(**{name: made for name, made in {**more, **items}.items() if name not in unused}),
    )
    query = "JSONata" if jsonata else "JSONPath"
    return st.one_of(parallel, mapped).map(lambda state: {**state, "QueryLanguage": query})


def _container(depth: int) -> st.SearchStrategy[State]:
    kinds = [_leaf(False), _leaf(True)]
    if depth:
        kinds += [_composite(False, depth), _composite(True, depth)]
    states = st.lists(st.one_of(kinds), min_size=1, max_size=4)
    return st.builds(_connected, states, st.lists(st.integers(0, 30), min_size=12, max_size=12))


def _connected(states: list[State], chances: list[int]) -> State:
    """States in a row, from each of which it goes on to the next; rules and catchers go on, seldom back."""
    *before, last_state = states
    states = [state for state in before if state["Type"] not in ("Succeed", "Fail")]
    states += [last_state] if last_state["Type"] != "Choice" else [last_state, {"Type": "Succeed"}]
    names = [f"S{number}" for number in range(len(states))]
    made: dict[str, State] = {}
    for number, state in enumerate(states):
        state = copy.deepcopy(state)
        last = number == len(states) - 1
        following = names[min(number + 1, len(names) - 1)]
        for position, entry in enumerate([*state.get("Choices", ()), *state.get("Catch", ())]):
            back = chances[(number + position) % 12] == 7
            entry["Next"] = names[0] if back else following
        if "Default" in state:
            state["Default"] = following
        if state["Type"] not in ("Choice", "Succeed", "Fail"):
            state.update({"End": True} if last else {"Next": following})
        made[names[number]] = state
    return {"StartAt": names[0], "States": made}


def _renamed(container: State, prefix: str) -> State:
    """Every name once in the whole machine."""

    def rename(name: str) -> str:
        return f"{prefix}{name}"

    states: dict[str, State] = {}
    for name, state in container["States"].items():
        for field in ("Next", "Default"):
            if field in state:
                state[field] = rename(state[field])
        for entry in [*state.get("Choices", ()), *state.get("Catch", ())]:
            entry["Next"] = rename(entry["Next"])
        for number, branch in enumerate(state.get("Branches", ())):
            state["Branches"][number] = _renamed(branch, f"{prefix}{name}.{number}.")
        if "ItemProcessor" in state:
            state["ItemProcessor"] = _renamed(state["ItemProcessor"], f"{prefix}{name}.i.")
        states[rename(name)] = state
    return {**container, "StartAt": rename(container["StartAt"]), "States": states}


def definitions(depth: int = 2) -> st.SearchStrategy[State]:
    """Whole definitions; nearly all can be created."""
    return _container(depth).map(lambda container: _renamed(copy.deepcopy(container), ""))


_JUNK: tuple[Any, ...] = (
    None,
    True,
    -1,
    1.5,
    10**30,
    "",
    "$",
    "$.",
    "$.a[",
    "S0",
    "{% ( %}",
    "{% $states %}",
    [],
    {},
    [[]],
    {"a.$": "$.a"},
    "States.Array(",
)


@st.composite
def mutated(draw: st.DrawFn, depth: int = 1) -> Any:
    """A definition in which a few things were replaced, removed or put elsewhere."""
    definition = draw(definitions(depth))
    for _ in range(draw(st.integers(1, 3))):
        holders = list(_holders(definition))
        holder = holders[draw(st.integers(0, len(holders) - 1))]
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not keys:
            continue
        key = keys[draw(st.integers(0, len(keys) - 1))]
        action = draw(st.sampled_from(["replace", "remove", "rename"]))
        if action == "replace":
            holder[key] = copy.deepcopy(draw(st.sampled_from(_JUNK)))
        elif action == "remove":
            del holder[key]
        elif isinstance(holder, dict):
            other = draw(st.sampled_from(["Type", "Next", "End", "Retry", "Output", "ResultPath", "Items", "S0"]))
            holder[other] = holder.pop(key)
    return definition


def _holders(value: Any) -> Any:
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, (dict, list)):
            yield current
            waiting.extend(current.values() if isinstance(current, dict) else current)
