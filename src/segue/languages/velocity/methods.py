"""What templates may call: the methods of Java's strings, numbers, lists and maps, by tables. Nothing else is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from segue.languages.velocity.errors import VelocityError
from segue.languages.velocity.texts import TEXT_METHODS
from segue.languages.velocity.values import Budget, Entry, Host, is_number, same, text_of

Method = Callable[..., Any]
_MAX_ITEMS = 100_000


def call_method(owner: Any, name: str, arguments: list[Any], budget: Budget) -> Any:
    """``owner.name(arguments)``; null where the owner's kind has no such method.

    Raises:
        VelocityError: the method is not called as it can be.
    """
    if isinstance(owner, Host):
        method = owner.methods.get(name)
        if method is None:
            return None
        budget.spend(10)
        try:
            return method(*arguments)
        except TypeError:
            raise VelocityError(f"{name} is not called with {len(arguments)} arguments") from None
    found = _table(owner).get(name)
    if found is None:
        return _getter(owner, name, arguments)
    low, high, function = found
    if not low <= len(arguments) <= high:
        raise VelocityError(f"{name} is not called with {len(arguments)} arguments")
    try:
        return function(budget, owner, *arguments)
    except (TypeError, ValueError, AttributeError) as error:
        if isinstance(error, VelocityError):
            raise
        raise VelocityError(f"{name} cannot be called with these arguments") from None


def _getter(owner: Any, name: str, arguments: list[Any]) -> Any:
    """Java's ``getName()`` is the property ``name``."""
    if arguments or not name.startswith("get") or len(name) < 4:
        return None
    return property_of(owner, name[3].lower() + name[4:])


def _table(owner: Any) -> Mapping[str, tuple[int, int, Method]]:
    match owner:
        case str():
            return TEXT_METHODS
        case list():
            return _LISTS
        case dict():
            return _MAPS
        case Entry():
            return _ENTRIES
        case bool():
            return _COMMON
        case int() | float():
            return _NUMBERS
        case _:
            return {}


def property_of(owner: Any, name: str) -> Any:
    """``owner.name``."""
    match owner:
        case dict():
            return owner.get(name) if name in owner or name != "empty" else not owner
        case Host():
            return owner.properties(name)
        case Entry():
            return {"key": owner.key, "value": owner.value}.get(name)
        case list() | str() if name == "empty":
            return not owner
        case _:
            return None


def index_of(owner: Any, index: Any) -> Any:
    """``owner[index]``."""
    match owner:
        case list() if isinstance(index, int) and not isinstance(index, bool):
            return owner[index] if 0 <= index < len(owner) else None
        case dict():
            return owner.get(text_of(index))
        case Host():
            return owner.properties(text_of(index))
        case _:
            return None


def set_property(owner: Any, name: str, value: Any) -> None:
    """``#set($owner.name = value)``; nothing where the owner has no properties."""
    if isinstance(owner, dict):
        owner[name] = value
    elif isinstance(owner, Host) and owner.put is not None:
        owner.put(name, value)


def set_index(owner: Any, index: Any, value: Any) -> None:
    """``#set($owner[index] = value)``."""
    if isinstance(owner, list) and isinstance(index, int) and 0 <= index < len(owner):
        owner[index] = value
    elif isinstance(owner, dict | Host):
        set_property(owner, text_of(index), value)


# Lists


def _at(items: list[Any], index: Any, most: int) -> int:
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < most:
        raise VelocityError(f"the index {text_of(index)[:20]} is out of bounds")
    return index


def _room(items: Any, more: int, budget: Budget) -> None:
    budget.spend(1 + more)
    if len(items) + more > _MAX_ITEMS:
        raise VelocityError("a list or map is too large")


def _add(budget: Budget, items: list[Any], *arguments: Any) -> Any:
    _room(items, 1, budget)
    if len(arguments) == 1:
        items.append(arguments[0])
        return True
    budget.spend(len(items) // 100)
    items.insert(_at(items, arguments[0], len(items) + 1), arguments[1])
    return None


def _add_all(budget: Budget, items: list[Any], more: Any) -> bool:
    added = list(more.values()) if isinstance(more, dict) else more
    if not isinstance(added, list):
        raise VelocityError("addAll takes a list")
    _room(items, len(added), budget)
    items.extend(list(added))
    return bool(added)


def _list_set(budget: Budget, items: list[Any], index: Any, value: Any) -> Any:
    place = _at(items, index, len(items))
    previous, items[place] = items[place], value
    return previous


def _list_remove(budget: Budget, items: list[Any], what: Any) -> Any:
    budget.spend(len(items) // 10)
    if isinstance(what, int) and not isinstance(what, bool):
        return items.pop(_at(items, what, len(items)))
    place = _find(budget, items, what)
    if place < 0:
        return False
    del items[place]
    return True


def _find(budget: Budget, items: list[Any], wanted: Any) -> int:
    for index, item in enumerate(items):
        budget.spend()
        if type(item) is type(wanted) and same(item, wanted, budget):
            return index
    return -1


def _sub_list(budget: Budget, items: list[Any], first: Any, end: Any) -> list[Any]:
    begin, stop = _at(items, first, len(items) + 1), _at(items, end, len(items) + 1)
    budget.spend(max(stop - begin, 0))
    return items[begin:stop]


def _contains_all(budget: Budget, items: list[Any], wanted: Any) -> bool:
    return all(_find(budget, items, one) >= 0 for one in wanted)


# Maps


def _put(budget: Budget, items: dict[str, Any], key: Any, value: Any) -> Any:
    _room(items, 1, budget)
    name = text_of(key, budget)
    previous = items.get(name)
    items[name] = value
    return previous


def _put_all(budget: Budget, items: dict[str, Any], more: Any) -> None:
    if not isinstance(more, dict):
        raise VelocityError("putAll takes a map")
    _room(items, len(more), budget)
    items.update(more)


def _entries(budget: Budget, items: dict[str, Any]) -> list[Entry]:
    budget.spend(len(items))
    return [Entry(key, value) for key, value in items.items()]


def _spent(budget: Budget, found: list[Any]) -> list[Any]:
    budget.spend(len(found))
    return found


def _clear(budget: Budget, items: Any) -> None:
    items.clear()


def _equals(budget: Budget, left: Any, right: Any) -> bool:
    if is_number(left) and is_number(right):
        return type(left) is type(right) and bool(left == right)
    return type(left) is type(right) and same(left, right, budget)


_COMMON: dict[str, tuple[int, int, Method]] = {
    "equals": (1, 1, _equals),
    "toString": (0, 0, lambda budget, value: text_of(value, budget)),
}
_NUMBERS: dict[str, tuple[int, int, Method]] = _COMMON | {
    "intValue": (0, 0, lambda budget, number: int(number)),
    "longValue": (0, 0, lambda budget, number: int(number)),
    "doubleValue": (0, 0, lambda budget, number: float(number)),
    "compareTo": (1, 1, lambda budget, number, other: (number > other) - (number < other)),
}
_SIZED: dict[str, tuple[int, int, Method]] = _COMMON | {
    "size": (0, 0, lambda budget, items: len(items)),
    "isEmpty": (0, 0, lambda budget, items: not items),
    "clear": (0, 0, _clear),
}
_LISTS: dict[str, tuple[int, int, Method]] = _SIZED | {
    "get": (1, 1, lambda budget, items, index: items[_at(items, index, len(items))]),
    "set": (2, 2, _list_set),
    "add": (1, 2, _add),
    "addAll": (1, 1, _add_all),
    "remove": (1, 1, _list_remove),
    "contains": (1, 1, lambda budget, items, wanted: _find(budget, items, wanted) >= 0),
    "containsAll": (1, 1, _contains_all),
    "indexOf": (1, 1, _find),
    "subList": (2, 2, _sub_list),
    "iterator": (0, 0, lambda budget, items: _spent(budget, list(items))),
}
_MAPS: dict[str, tuple[int, int, Method]] = _SIZED | {
    "get": (1, 1, lambda budget, items, key: items.get(text_of(key, budget))),
    "getOrDefault": (2, 2, lambda budget, items, key, other: items.get(text_of(key, budget), other)),
    "put": (2, 2, _put),
    "putAll": (1, 1, _put_all),
    "remove": (1, 1, lambda budget, items, key: items.pop(text_of(key, budget), None)),
    "containsKey": (1, 1, lambda budget, items, key: text_of(key, budget) in items),
    "containsValue": (1, 1, lambda budget, items, wanted: _find(budget, list(items.values()), wanted) >= 0),
    "keySet": (0, 0, lambda budget, items: _spent(budget, list(items))),
    "values": (0, 0, lambda budget, items: _spent(budget, list(items.values()))),
    "entrySet": (0, 0, _entries),
}
_ENTRIES: dict[str, tuple[int, int, Method]] = {
    "getKey": (0, 0, lambda budget, entry: entry.key),
    "getValue": (0, 0, lambda budget, entry: entry.value),
    "toString": (0, 0, lambda budget, entry: text_of(entry, budget)),
}
