"""Calls in expressions: functions, lambdas, partial application, ``~>``, transforms, regular expressions."""

from __future__ import annotations

import copy
from typing import Any

from segue.languages.jsonata.calls import Lambda, Made, Native, TailCall, call, call_back
from segue.languages.jsonata.compiler import Body, Compiler, Run, builds
from segue.languages.jsonata.errors import failure, too_deep
from segue.languages.jsonata.nodes import Node
from segue.languages.jsonata.runtime import Frame, Runtime
from segue.languages.jsonata.values import UNDEFINED, Function, unwrapped


def _called(node: Node) -> Any:
    """What a procedure is called in errors."""
    name = node.steps[0].value if node.type == "path" else node.value
    return UNDEFINED if name is None else name


def _refuse_forgotten_sign(node: Node, frame: Frame, code: str) -> None:
    """``uppercase(x)`` where ``$uppercase(x)`` was meant."""
    if node.type == "path" and frame.look_up(str(node.steps[0].value)) is not UNDEFINED:
        raise failure(code, bare=str(node.steps[0].value))


@builds("function")
def _function(compiler: Compiler, node: Node, depth: int) -> Run:
    return _invocation(compiler, node, depth, compiler.is_last, None)


def _invocation(compiler: Compiler, node: Node, depth: int, is_last: bool, first: Run | None) -> Run:
    procedure = compiler.compile(node.procedure, depth + 1)
    arguments = [compiler.compile(item, depth + 1) for item in node.items]
    name = _called(node.procedure)
    can_be_path = node.procedure.type == "path"
    settle = _as_it_is if node.filters or node.group is not None else unwrapped

    def run(input: Any, frame: Frame) -> Any:
        function = procedure(input, frame)
        if function is UNDEFINED and can_be_path:
            _refuse_forgotten_sign(node.procedure, frame, "T1005")
        given = [argument(input, frame) for argument in arguments]
        if first is not None:
            given.insert(0, first(input, frame))
        if is_last:
            return TailCall(function, given, input)
        runtime = frame.runtime
        runtime.depth = frame.base + depth
        return settle(call(function, given, input, runtime, name))

    return run


def _as_it_is(value: Any) -> Any:
    """What follows in brackets sees the sequence that a function gave."""
    return value


@builds("lambda")
def _lambda(compiler: Compiler, node: Node, depth: int) -> Run:
    body = Body(node.body, is_function=True)
    parameters, signature = node.parameters, node.signature
    return lambda input, frame: Lambda(parameters, body, signature, input, frame)


@builds("partial")
def _partial(compiler: Compiler, node: Node, depth: int) -> Run:
    procedure = compiler.compile(node.procedure, depth + 1)
    arguments = [None if item.type == "placeholder" else compiler.compile(item, depth + 1) for item in node.items]
    name = _called(node.procedure)

    def run(input: Any, frame: Frame) -> Any:
        known = [None if argument is None else argument(input, frame) for argument in arguments]
        function = procedure(input, frame)
        if function is UNDEFINED:
            _refuse_forgotten_sign(node.procedure, frame, "T1007")
        if not isinstance(function, Function):
            raise failure("T1008", token=name)
        open_places = [place for place, argument in enumerate(arguments) if argument is None]
        places = [*open_places, *range(len(arguments), function.arity)]

        def apply(given: list[Any], context: Any, runtime: Runtime, caller: Any) -> Any:
            whole = list(known)
            for place, value in zip(places, given, strict=False):
                whole[place:] = [*whole[place:place], value, *whole[place + 1 :]]
            return call(
                function,
                [UNDEFINED if v is None and i in open_places else v for i, v in enumerate(whole)],
                context,
                runtime,
                name,
            )

        return Made(apply, len(places))

    return run


@builds("apply")
def _apply(compiler: Compiler, node: Node, depth: int) -> Run:
    left = compiler.compile(node.lhs, depth + 1)
    if node.rhs.type == "function" and not node.rhs.filters and node.rhs.group is None:
        return _invocation(compiler, node.rhs, depth, False, left)
    right = compiler.compile(node.rhs, depth + 1)

    def run(input: Any, frame: Frame) -> Any:
        value, function = left(input, frame), right(input, frame)
        if not isinstance(function, Function):
            raise failure("T2006", value=None)
        runtime = frame.runtime
        runtime.depth = frame.base + depth
        if isinstance(value, Function):
            return Made(lambda given, context, runtime, name: _chained(value, function, given, runtime), 1)
        return unwrapped(
            call(function, [value], None, runtime, function.name if isinstance(function, Native) else UNDEFINED)
        )

    return run


def _chained(first: Function, second: Function, given: list[Any], runtime: Runtime) -> Any:
    return call_back(second, [unwrapped(call_back(first, given, runtime))], runtime)


@builds("transform")
def _transform(compiler: Compiler, node: Node, depth: int) -> Run:
    pattern = compiler.compile(node.pattern, depth + 1)
    update = compiler.compile(node.lhs, depth + 1)
    delete = compiler.compile(node.rhs, depth + 1) if node.rhs is not None else None

    def run(input: Any, frame: Frame) -> Any:
        def apply(given: list[Any], context: Any, runtime: Runtime, name: Any) -> Any:
            source = given[0] if given else context
            if source is UNDEFINED:
                return UNDEFINED
            if not isinstance(source, (dict, list)):
                raise failure("T0410", index=1, token=name)
            result = cloned(source, runtime)
            matches = pattern(result, frame)
            for match in matches if isinstance(matches, list) else [matches]:
                if match is not UNDEFINED:
                    _change(match, update, delete, frame)
            return result

        return Made(apply, 1)

    return run


def cloned(value: Any, runtime: Runtime) -> Any:
    """A copy that may be changed."""
    weigh(value, runtime)
    try:
        return copy.deepcopy(value)
    except RecursionError:
        raise too_deep() from None


def weigh(value: Any, runtime: Runtime) -> None:
    """Count a value as work, all of it."""
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, (dict, list)):
            runtime.spend(len(current) * 2 + 2)
            waiting.extend(current.values() if isinstance(current, dict) else current)


def _change(match: Any, update: Run, delete: Run | None, frame: Frame) -> None:
    changes = update(match, frame)
    if changes is not UNDEFINED:
        if type(changes) is not dict:
            raise failure("T2011", value=changes)
        if isinstance(match, dict):
            match.update(changes)
    if delete is None:
        return
    names = delete(match, frame)
    if names is UNDEFINED:
        return
    listed = names if isinstance(names, list) else [names]
    if not all(type(name) is str for name in listed):
        raise failure("T2012", value=names)
    if isinstance(match, dict):
        for name in listed:
            match.pop(name, None)


@builds("regex")
def _regex(compiler: Compiler, node: Node, depth: int) -> Run:
    function = node.value
    return lambda input, frame: function
