"""The effect ``templates:serverless``: AWS's translator of serverless templates, in a process of its own.

The translator is large and slow to import (see ``languages/templates/serverless.py``) and works for up to some tenths
of a second; neither belongs on the event loop, nor in the memory of a server that nobody gives such templates. The
process stays for a while, as who deploys once deploys again, and is ended if it takes too long.
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process

from segue.api.serverless_effect import ServerlessAnswer, ServerlessRequest

_MODULE = "segue.languages.templates.serverless"
_LONGEST_SECONDS = 60.0
_IDLE_SECONDS = 120.0
_MOST_ANSWER_BYTES = 64 * 1024 * 1024
_FAILED = "Transform AWS::Serverless-2016-10-31 failed without an error message."


class ServerlessEffect:
    """Has templates translated, one after the other.

    Args:
        idle_seconds: how long the process stays without work.
        longest_seconds: how long one template may take.
    """

    def __init__(self, idle_seconds: float = _IDLE_SECONDS, longest_seconds: float = _LONGEST_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._longest_seconds = longest_seconds
        self._turn = asyncio.Lock()
        self._process: Process | None = None
        self._leaving: asyncio.TimerHandle | None = None

    async def __call__(self, request: ServerlessRequest) -> ServerlessAnswer:
        """Translate a template."""
        body = json.dumps(
            {"document": request.document, "values": dict(request.values), "region": request.region}
        ).encode()
        async with self._turn:
            if self._leaving is not None:
                self._leaving.cancel()
            try:
                async with asyncio.timeout(self._longest_seconds):
                    answer = json.loads(await self._ask(body))
            except TimeoutError:
                await self._end()
                return ServerlessAnswer(None, _FAILED + f" It took more than {self._longest_seconds:g} seconds.")
            except (OSError, EOFError, ValueError):
                await self._end()
                return ServerlessAnswer(None, _FAILED)
            except asyncio.CancelledError:
                await self._end()
                raise
            self._leaving = asyncio.get_running_loop().call_later(self._idle_seconds, self._leave)
        return ServerlessAnswer(answer.get("document"), answer.get("error", ""))

    async def close(self) -> None:
        """End the process."""
        async with self._turn:
            await self._end()

    async def _ask(self, body: bytes) -> bytes:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", _MODULE, stdin=PIPE, stdout=PIPE, start_new_session=True
            )
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None
        assert answers is not None
        requests.write(len(body).to_bytes(4, "big") + body)
        await requests.drain()
        length = int.from_bytes(await answers.readexactly(4), "big")
        if length > _MOST_ANSWER_BYTES:
            raise ValueError("the answer is too large")
        return await answers.readexactly(length)

    def _leave(self) -> None:
        """Let the process end by itself: its input does."""
        if self._process is not None and self._process.stdin is not None and not self._turn.locked():
            self._process.stdin.close()
            self._process = None

    async def _end(self) -> None:
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()
