"""How fast functions are here: ``python tests/runtimes/figures.py``. Not a test: other load on the machine counts."""

from __future__ import annotations

import asyncio
import tempfile
import time
import uuid
from pathlib import Path

import uvloop

from segue.runtimes import CodeRef, FunctionSpec, Invocation, Pool, PoolSettings

FILES = {
    "plain.py": "def handler(event, context):\n    return event\n",
    "sdk.py": "import boto3\ntable = boto3.resource('dynamodb')\ndef handler(event, context):\n    return event\n",
    "index.mjs": "export const handler = async (event) => event;\n",
}
WARM_ROUNDS = 1_000


async def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="segue-figures-"))
    for name, content in FILES.items():
        (folder / name).write_text(content)

    def function(handler: str, runtime: str) -> FunctionSpec:
        name = uuid.uuid4().hex
        arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}:$LATEST"
        code = CodeRef(directory=folder)
        return FunctionSpec(arn, name, runtime, handler, code, memory_mb=256, endpoint_url="http://127.0.0.1:4566")

    pool = Pool(settings=PoolSettings(freeze_after_seconds=5))

    async def timed(spec: FunctionSpec) -> float:
        start = time.perf_counter()
        outcome = await pool.invoke(spec, Invocation(str(uuid.uuid4()), b'{"a":1}'))
        assert outcome.status == "ok", outcome
        return (time.perf_counter() - start) * 1000

    async def several(spec: FunctionSpec, rounds: int) -> None:
        for _ in range(rounds):
            await timed(spec)

    async def cold(label: str, handler: str, runtime: str) -> None:
        times = sorted([await timed(function(handler, runtime)) for _ in range(7)])
        print(f"{label:44} p50 {times[3]:8.2f} ms   worst {times[-1]:8.2f} ms")

    async def warm(label: str, handler: str, runtime: str) -> None:
        spec = function(handler, runtime)
        await timed(spec)
        times = sorted([await timed(spec) for _ in range(WARM_ROUNDS)])
        print(f"{label:44} p50 {times[WARM_ROUNDS // 2]:8.2f} ms   p99   {times[WARM_ROUNDS * 99 // 100]:8.2f} ms")
        start = time.perf_counter()
        await asyncio.gather(*(several(spec, 250) for _ in range(8)))
        print(f"{label + ', 8 callers':44} {2_000 / (time.perf_counter() - start):12.0f} invocations/s")

    await pool.start()
    first_ms = await timed(function("plain.handler", "python3.11"))
    print(f"{'Python cold, helper process started just now':44}     {first_ms:8.2f} ms")
    while not pool.is_warm:  # noqa: ASYNC110 - a state of another process
        await asyncio.sleep(0.05)
    await cold("Python cold", "plain.handler", "python3.11")
    await cold("Python cold, boto3.resource at import", "sdk.handler", "python3.11")
    await warm("Python warm", "plain.handler", "python3.11")
    await cold("Node.js cold", "index.handler", "nodejs20.x")
    await warm("Node.js warm", "index.handler", "nodejs20.x")
    await pool.close()


if __name__ == "__main__":
    uvloop.run(main())
