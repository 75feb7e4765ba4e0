"""Functions of all kinds, and how they are called."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from segue.languages.jsonata.errors import failure
from segue.languages.jsonata.runtime import Frame, Runtime
from segue.languages.jsonata.signatures import Signature
from segue.languages.jsonata.values import UNDEFINED, Function

if TYPE_CHECKING:
    from segue.languages.jsonata.compiler import Body

Implementation = Callable[..., Any]


class Native(Function):
    """A function that is written here: ``implementation(runtime, *arguments)``.

    Args:
        name: without ``$``.
        implementation: gets UNDEFINED for what is missing.
        signature: what it takes.
        arity: how many arguments it looks at, when it is handed to ``$map`` and the like.
        context: where it was made, for arguments that the context item stands for.
    """

    __slots__ = ("_count", "implementation", "name", "signature")

    def __init__(self, name: str, implementation: Implementation, signature: str, arity: int) -> None:
        super().__init__(arity)
        self.name = name
        self.implementation = implementation
        self.signature = Signature.parse(signature)
        self._count = len(self.signature.parameters)

    def call(self, arguments: list[Any], context: Any, runtime: Runtime, name: Any) -> Any:
        taken = self.signature.arguments(arguments, context, name)
        if len(taken) < self._count:
            taken = taken + [UNDEFINED] * (self._count - len(taken))
        return self.implementation(runtime, *taken)


class Lambda(Function):
    """A function written in the expression, with the variables around it."""

    __slots__ = ("body", "frame", "input", "parameters", "signature")

    def __init__(
        self, parameters: list[str], body: Body, signature: Signature | None, input: Any, frame: Frame
    ) -> None:
        super().__init__(len(parameters))
        self.parameters = parameters
        self.body = body
        self.signature = signature
        self.input = input
        self.frame = frame

    def call(self, arguments: list[Any], context: Any, runtime: Runtime, name: Any) -> Any:
        if self.signature is not None:
            arguments = self.signature.arguments(arguments, context, name)
        count = len(arguments)
        values = {
            parameter: arguments[position] if position < count else UNDEFINED
            for position, parameter in enumerate(self.parameters)
        }
        runtime.spend(self.body.cost)
        return self.body.run(self.input, Frame(values, self.frame, runtime, runtime.depth))


class Made(Function):
    """A function that came out of another one: partly applied, chained, a matcher."""

    __slots__ = ("implementation",)

    def __init__(self, implementation: Callable[[list[Any], Any, Runtime, Any], Any], arity: int) -> None:
        super().__init__(arity)
        self.implementation = implementation

    def call(self, arguments: list[Any], context: Any, runtime: Runtime, name: Any) -> Any:
        return self.implementation(arguments, context, runtime, name)


class TailCall:
    """A call at the end of a function: it takes the place of its caller, so that loops may be written as recursion."""

    __slots__ = ("arguments", "context", "function")

    def __init__(self, function: Any, arguments: list[Any], context: Any) -> None:
        self.function = function
        self.arguments = arguments
        self.context = context


def call(function: Any, arguments: list[Any], context: Any, runtime: Runtime, name: Any) -> Any:
    """Call a function, and what it ends in.

    Args:
        function: any value; what is no function is refused.
        arguments: evaluated.
        context: stands for a first argument that is missing, where the signature says so.
        runtime: its ``depth`` is how deep the call stands.
        name: what the function is called in errors.

    Raises:
        JsonataError: it is no function, or it fails.
    """
    depth, caller = runtime.depth, runtime.caller
    runtime.caller = name
    result = _call_once(function, arguments, context, runtime, name)
    while type(result) is TailCall:
        runtime.depth = depth
        result = _call_once(result.function, result.arguments, result.context, runtime, name)
    runtime.depth, runtime.caller = depth, caller
    return result


def _call_once(function: Any, arguments: list[Any], context: Any, runtime: Runtime, name: Any) -> Any:
    if not isinstance(function, (Native, Lambda, Made)):
        raise failure("T1006")
    return function.call(arguments, context, runtime, name)


def call_back(function: Any, arguments: list[Any], runtime: Runtime) -> Any:
    """Call a function that was handed to another one."""
    return call(function, arguments, None, runtime, runtime.caller)


def call_for_item(function: Any, runtime: Runtime, item: Any, key: Any, whole: Any) -> Any:
    """Call a function for one of many: it gets as much as it looks at of the item, its place and the whole."""
    arity = function.arity
    if arity >= 3:
        return call_back(function, [item, key, whole], runtime)
    return call_back(function, [item, key] if arity == 2 else [item], runtime)
