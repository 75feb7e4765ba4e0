"""A client of SQS over the query protocol, which botocore's model no longer has: the names it lost are put back."""

from __future__ import annotations

import copy
from typing import Any

import boto3
import botocore.session

from segue.wire.overlays import QUERY_ELEMENT_NAMES, QUERY_ENTRY_NAMES, QUERY_ERROR_CODES, XML_NAMESPACES


def client(**more: Any) -> Any:
    """A boto3 client; ``more`` as for ``boto3.client``."""
    session = botocore.session.Session()
    loader = session.get_component("data_loader")
    load = loader.load_service_model

    def load_query(service_name: str, type_name: str, api_version: str | None = None) -> Any:
        model = load(service_name, type_name, api_version)
        return _as_query(model) if (service_name, type_name) == ("sqs", "service-2") else model

    loader.load_service_model = load_query
    return boto3.Session(botocore_session=session).client("sqs", **more)


def _as_query(model: dict[str, Any]) -> dict[str, Any]:
    model = copy.deepcopy(model)
    model["metadata"].update(protocol="query", protocols=["query"], xmlNamespace=XML_NAMESPACES["sqs"])
    model["metadata"].pop("awsQueryCompatible", None)
    names, entries = QUERY_ELEMENT_NAMES["sqs"], QUERY_ENTRY_NAMES["sqs"]
    for name, shape in model["shapes"].items():
        if shape["type"] == "list" and name in names:
            shape["member"]["locationName"] = names[name]
        if shape["type"] == "map" and name in entries:
            shape["key"]["locationName"], shape["value"]["locationName"] = entries[name]
        for member in shape.get("members", {}).values():
            if model["shapes"][member["shape"]]["type"] == "map" and member["shape"] in names:
                member["locationName"] = names[member["shape"]]
        if name in QUERY_ERROR_CODES["sqs"]:
            shape["error"] = {"code": QUERY_ERROR_CODES["sqs"][name], "httpStatusCode": 400, "senderFault": True}
    for name, operation in model["operations"].items():
        if "output" in operation:
            operation["output"]["resultWrapper"] = f"{name}Result"
    return model
