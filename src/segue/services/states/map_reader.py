"""ItemReader: objects in S3, and listings of them, read piece by piece (developer guide, "ItemReader (Map)").

Where reading has come to is the run's *place*, plain data beside its plan: the files that are still to be read, how far
the first of them is, the token of the next page of a listing.
"""

from __future__ import annotations

import csv
import zlib
from typing import Any, NamedTuple

from segue.api import Call
from segue.languages.asl import json_text
from segue.languages.asl.item_formats import FormatError, Taken, format_reader
from segue.languages.asl.map_plan import Reader
from segue.services.states.map_bucket import Bucket, ReadingFailed
from segue.services.states.map_records import MapRun

_STRETCH_BYTES = 256 << 10
_LONGEST_STRETCH_BYTES = 64 << 20
_UNPACKED_BYTES = 64 << 20
_LARGEST_ARRAY_BYTES = 2 << 20


class ReadPiece(NamedTuple):
    """Items, the place after them, and whether there are no more."""

    items: list[str]
    place: dict[str, Any]
    is_end: bool


class ItemSource:
    """Reads the items of one Map Run, a piece at a time."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._parameters: dict[str, Any] = json_text.parse(reader.parameters_text)
        self._unpacked: tuple[str, bytes] = ("", b"")

    def read(self, call: Call, run: MapRun, place: dict[str, Any]) -> ReadPiece:
        """The piece after a place.

        Raises:
            ReadingFailed: the items are not there, or not what they should be.
        """
        if self._reader.max_items < 0:
            raise ReadingFailed("field MaxItems must be positive")  # recorded: sfn-map/*max_items_paths_-1
        try:
            piece = self._next(Bucket(call, run), place)
        except FormatError as error:
            raise ReadingFailed(str(error)) from None
        left = self._reader.max_items - run.items_known
        if self._reader.max_items and len(piece.items) >= left:
            return ReadPiece(piece.items[:left], piece.place, True)
        return piece

    def _next(self, bucket: Bucket, place: dict[str, Any]) -> ReadPiece:
        is_listing = self._reader.resource == "s3:listObjectsV2"
        loads = self._reader.config.get("Transformation") == "LOAD_AND_FLATTEN"
        if is_listing and not loads:
            return self._page(bucket, place)
        if not is_listing and self._reader.resource != "s3:getObject":
            raise ReadingFailed(f"The resource {self._reader.resource} is not one that items are read from")
        if "files" not in place:
            place = self._listed(bucket, place) if is_listing else self._begin(bucket)
        if not place["files"]:
            return ReadPiece([], {"token": place.get("token")}, not place.get("token"))
        return self._piece(bucket, place)

    # What is to be read

    def _begin(self, bucket: Bucket) -> dict[str, Any]:
        config = self._reader.config
        manifest = config.get("ManifestType")
        if config.get("InputType") == "MANIFEST" or manifest == "S3_INVENTORY":
            return self._inventory(bucket)
        if manifest == "ATHENA_DATA":
            rows = csv.reader(bucket.whole(self._parameters).decode("utf-8", "replace").splitlines())
            return {"files": [_of_uri(row[0]) for row in rows if row]}
        return {"files": [self._parameters]}

    def _inventory(self, bucket: Bucket) -> dict[str, Any]:
        """The files of an S3 inventory: compressed CSV without headers, which its manifest.json tells."""
        try:
            manifest = json_text.parse(bucket.whole(self._parameters).decode())
            where = manifest["destinationBucket"].removeprefix("arn:aws:s3:::")
            if manifest.get("fileFormat", "CSV") != "CSV":
                raise FormatError(f"An inventory in the format {manifest['fileFormat']} is not supported here")
            headers = [name.strip() for name in manifest["fileSchema"].split(",")]
            files = [{"Bucket": where, "Key": file["key"]} for file in manifest["files"]]
        except (UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
            raise FormatError(f"The manifest is not that of an S3 inventory: {error!r}") from None
        except ValueError as error:
            raise FormatError(str(error)) from None
        return {"files": files, "headers": headers}

    def _page(self, bucket: Bucket, place: dict[str, Any]) -> ReadPiece:
        found = bucket.page(self._parameters, place.get("token"))
        items = [
            {
                "Etag": one["ETag"],
                "Key": one["Key"],
                "LastModified": one["LastModified"] // 1000,
                "Size": one["Size"],
                "StorageClass": one.get("StorageClass", "STANDARD"),
            }
            for one in found.get("Contents") or []
        ]
        token = found.get("NextContinuationToken")
        return ReadPiece([json_text.dump(item) for item in items], {"token": token}, not token)

    def _listed(self, bucket: Bucket, place: dict[str, Any]) -> dict[str, Any]:
        found = bucket.page(self._parameters, place.get("token"))
        name = self._parameters.get("Bucket")
        files = [{"Bucket": name, "Key": one["Key"]} for one in found.get("Contents") or [] if one["Size"]]
        return {"files": files, "token": found.get("NextContinuationToken")}

    # Reading a file

    def _piece(self, bucket: Bucket, place: dict[str, Any]) -> ReadPiece:
        config = self._reader.config
        if place.get("headers"):
            config = {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": place["headers"]}
        read = format_reader(config)
        file, at, within = place["files"][0], place.get("at", 0), place.get("within", {})
        stretch = _LARGEST_ARRAY_BYTES if config.get("InputType", "JSON") == "JSON" and not within else _STRETCH_BYTES
        while True:
            data, is_last = self._stretch(bucket, file, at, stretch)
            taken: Taken = read(data, within, is_last)
            if taken.used or taken.is_end:
                break
            stretch *= 2
            if stretch > _LONGEST_STRETCH_BYTES:
                raise FormatError(f"An item of the file is longer than {_LONGEST_STRETCH_BYTES} bytes")
        if not taken.is_end:
            return ReadPiece(taken.items, {**place, "at": at + taken.used, "within": taken.place}, False)
        files = place["files"][1:]
        rest: dict[str, Any] = {name: place[name] for name in ("headers", "token") if name in place}
        after = {**rest, "files": files} if files or not rest.get("token") else {"token": rest["token"]}
        return ReadPiece(taken.items, after, not files and not rest.get("token"))

    def _stretch(self, bucket: Bucket, file: dict[str, Any], at: int, size: int) -> tuple[bytes, bool]:
        if not str(file.get("Key", "")).endswith(".gz"):
            return bucket.stretch(file, at, size)
        name = f"{file.get('Bucket')}/{file['Key']}"
        if self._unpacked[0] != name:
            self._unpacked = (name, _unpacked(bucket.whole(file)))
        content = self._unpacked[1]
        return content[at : at + size], at + size >= len(content)


def _unpacked(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        content = unpacking.decompress(packed, _UNPACKED_BYTES)
    except zlib.error as error:
        raise FormatError(f"The file cannot be decompressed: {error}") from None
    if unpacking.unconsumed_tail:
        raise FormatError(f"The file is longer than {_UNPACKED_BYTES} bytes when it is decompressed")
    return content


def _of_uri(uri: str) -> dict[str, Any]:
    bucket, _, key = uri.strip().removeprefix("s3://").partition("/")
    return {"Bucket": bucket, "Key": key}
