"""From the bytes that a function writes to log lines (pure).

Standard output, standard error and the runtime's framed telemetry share one pipe, so the order is the function's own.
Text becomes one line per newline; a frame (type ``a55a0003`` or a sibling, length, microseconds, message: the protocol
of ``_LAMBDA_TELEMETRY_LOG_FD``) becomes one line whatever it holds, or several where it is too long for one. The
frame's first byte cannot start a UTF-8 character.
"""

from __future__ import annotations

from segue.runtimes.spec import LogLine

_FRAME_MARK = b"\xa5\x5a\x00"
_FRAME_HEADER_BYTES = 16
# A CloudWatch Logs event is at most 256 KB (older quota; AWS Lambda splits there); what is longer goes on in the next
# line.
MAXIMUM_LINE_BYTES = 262_144 - 26


class LineReader:
    """Feed it bytes, take complete lines; ``finish`` gives up what is left when the function stops or answers."""

    def __init__(self) -> None:
        self._rest = b""
        self._frame_bytes_left = 0

    def feed(self, chunk: bytes, now_ms: int) -> list[LogLine]:
        """The lines completed by ``chunk``."""
        buffer = self._rest + chunk if self._rest else chunk
        lines: list[LogLine] = []
        position = 0
        while position < len(buffer):
            if self._frame_bytes_left:
                size = min(self._frame_bytes_left, MAXIMUM_LINE_BYTES)
                if len(buffer) - position < size:
                    break
                lines.append(LogLine(now_ms, _text(buffer[position : position + size])))
                position += size
                self._frame_bytes_left -= size
                continue
            frame = buffer.find(_FRAME_MARK, position)
            text_end = len(buffer) if frame < 0 else frame
            position = _take_text(buffer, position, text_end, now_ms, lines)
            if frame < 0:
                break
            if position < frame:  # text without newline before a frame: its own line
                lines.append(LogLine(now_ms, _text(buffer[position:frame])))
                position = frame
            if len(buffer) < frame + _FRAME_HEADER_BYTES:
                break
            self._frame_bytes_left = int.from_bytes(buffer[frame + 4 : frame + 8], "big")
            position = frame + _FRAME_HEADER_BYTES
            if not self._frame_bytes_left:
                lines.append(LogLine(now_ms, ""))
        self._rest = buffer[position:]
        return lines

    def finish(self, now_ms: int) -> list[LogLine]:
        """The last, unfinished line, if any."""
        rest, self._rest, self._frame_bytes_left = self._rest, b"", 0
        return [LogLine(now_ms, _text(rest))] if rest else []


def _take_text(buffer: bytes, start: int, end: int, now_ms: int, lines: list[LogLine]) -> int:
    while start < end:
        newline = buffer.find(b"\n", start, min(end, start + MAXIMUM_LINE_BYTES))
        if newline >= 0:
            stop = newline + 1
        elif end - start >= MAXIMUM_LINE_BYTES:
            stop = start + MAXIMUM_LINE_BYTES
        else:
            break
        lines.append(LogLine(now_ms, _text(buffer[start:stop])))
        start = stop
    return start


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")
