"""Random values of model shapes, and what they are for botocore (datetimes) and for Segue (milliseconds)."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from segue.wire.model import Ref, ServiceModel, Shape

TEXTS = "abcXYZ019 _-./:+=@&<>\"'%#?;,~äß€漢🎉\t\n\r"
PLAIN = "abcXYZ019_-.~"


class Values:
    """Makes members of a shape: ``text``s of awkward characters in bodies, plain ones in paths and headers."""

    def __init__(self, service: ServiceModel, seed: int, whole_seconds: bool, in_xml: bool = False) -> None:
        self.service, self.random = service, random.Random(seed)
        self.whole_seconds, self.in_xml = whole_seconds, in_xml

    def structure(self, shape: Shape, depth: int = 0) -> dict[str, Any]:
        members: dict[str, Any] = {}
        if shape.traits.get("union"):
            name = self.random.choice([*shape.members])
            return {name: self.value(shape.members[name], depth + 1)}
        for name, ref in shape.members.items():
            target = self.service.shape(ref.shape_name)
            needed = ref.location == "uri" or (ref.location is not None and name in shape.required)
            wanted = needed or self.random.random() < (0.7 if depth < 3 else 0.25)
            if not wanted or target.is_event_stream or depth > 6:
                continue
            members[name] = self.value(ref, depth + 1)
        return members

    def value(self, ref: Ref, depth: int) -> Any:
        shape = self.service.shape(ref.shape_name)
        if shape.type == "structure":
            return {"a": [1, 2.5, None, "x"]} if shape.is_document else self.structure(shape, depth)
        located = ref.location is not None
        if shape.type == "list" and shape.element is not None:
            inner = Ref(shape.element.shape_name, {**shape.element.traits, **({"location": "x"} if located else {})})
            return [self.value(inner, depth + 1) for _ in range(self.random.randrange(1 if depth < 6 else 0, 4))]
        if shape.type == "map" and shape.key is not None and shape.value is not None:
            inner = Ref(shape.value.shape_name, {**shape.value.traits, **({"location": "x"} if located else {})})
            keys = [self.text(located) for _ in range(self.random.randrange(1, 4))]
            if ref.location == "headers":
                keys = [key.lower() for key in keys]
            return {key: self.value(inner, depth + 1) for key in keys}
        return self.scalar(shape, located)

    def text(self, plain: bool) -> str:
        alphabet = PLAIN if plain else TEXTS.replace("\r", "") if self.in_xml else TEXTS
        return "".join(self.random.choice(alphabet) for _ in range(self.random.randrange(1, 12)))

    def scalar(self, shape: Shape, located: bool) -> Any:
        match shape.type:
            case "boolean":
                return self.random.random() < 0.5
            case "integer":
                return self.random.choice([0, 1, -1, 200, 2**31 - 1, -(2**31)])
            case "long":
                return self.random.choice([0, 7, 2**53 + 1, 2**63 - 1, -(2**63)])
            case "float" | "double":
                return self.random.choice([0.0, 1.5, -2.25, 1e300 if shape.type == "double" else 1e30])
            case "blob":
                return self.random.randbytes(self.random.randrange(1, 9))
            case "timestamp":
                step = 1000 if self.whole_seconds or located else 1
                return self.random.randrange(0, 4_000_000_000_000 // step) * step
        return self.text(located)


def for_botocore(service: ServiceModel, shape: Shape, value: Any) -> Any:
    """The same value with datetimes for the milliseconds."""
    if shape.type == "structure" and not shape.is_document:
        refs = shape.members
        return {n: for_botocore(service, service.shape(refs[n].shape_name), item) for n, item in value.items()}
    if shape.type == "list" and shape.element is not None:
        return [for_botocore(service, service.shape(shape.element.shape_name), item) for item in value]
    if shape.type == "map" and shape.value is not None:
        inner = service.shape(shape.value.shape_name)
        return {key: for_botocore(service, inner, item) for key, item in value.items()}
    if shape.type == "timestamp":
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)
    return value
