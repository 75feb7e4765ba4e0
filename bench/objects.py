"""A bucket of small objects."""

from __future__ import annotations

from measuring import Bench, measurement

_KEYS = 1_000
_SMALL = b"x" * 1_024


@measurement()
async def objects(bench: Bench) -> None:
    client, bucket = bench.client, bench.name("bucket")
    await client.call(client.http("PUT", f"/{bucket}", "s3", {}))
    puts = [client.http("PUT", f"/{bucket}/key-{i % _KEYS}", "s3", {}, b"%04d" % i + _SMALL) for i in range(4 * _KEYS)]
    gets = [client.http("GET", f"/{bucket}/key-{i}", "s3", {}) for i in range(_KEYS)]
    await client.load(32, 10, lambda connection, index: connection.result(puts[index]), most=_KEYS)
    await bench.load("put_object", 32, lambda connection, index: connection.result(puts[index % len(puts)]))
    await bench.load("get_object", 32, lambda connection, index: connection.result(gets[index % _KEYS]))
