"""The console's files: plain HTML, CSS and JavaScript, served as they stand in ``static/``.

The pages have no server side of their own: they ask the AWS operations themselves, as any client does, and the JSON
pages beside this module for what AWS has no operation for (the record of deliveries, a look into a queue).
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Final

from segue.wire.request import Request, Response

PREFIX: Final = "/_segue"
_STATIC: Final = Path(__file__).with_name("static")
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
#: Nothing but our own files runs or is shown, whatever a message body says; and nobody frames it.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script';"
    " trusted-types 'none'"
)
_HEADERS: Final = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}


class Pages:
    """The files of ``static/``, read once: nothing else can be asked for."""

    def __init__(self, folder: Path = _STATIC) -> None:
        self._files = {f"{PREFIX}/{file.name}": file for file in folder.iterdir() if file.suffix in _TYPES}
        self._files[f"{PREFIX}/"] = folder / "index.html"
        self._read: dict[Path, tuple[bytes, str]] = {}

    def __call__(self, request: Request) -> Response:
        """``GET /_segue/`` and the files that it names."""
        if request.path == PREFIX:
            return Response(308, {**_HEADERS, "location": f"{PREFIX}/"})
        file = self._files.get(request.path)
        if file is None:
            return _text(404, f"There is no such page. The console is at {PREFIX}/\n")
        if request.method not in ("GET", "HEAD"):
            answer = _text(405, "Pages are read with GET.\n")
            answer.headers["allow"] = "GET, HEAD"
            return answer
        content, tag = self._content(file)
        headers = {**_HEADERS, "etag": tag}
        if request.header("if-none-match") == tag:
            return Response(304, headers)
        return Response(200, {**headers, "content-type": _TYPES[file.suffix]}, content)

    def _content(self, file: Path) -> tuple[bytes, str]:
        """A file and its entity tag, read when first asked for: a start is not slower for a console nobody opens."""
        if file not in self._read:
            content = file.read_bytes()
            self._read[file] = content, f'"{sha256(content).hexdigest()[:16]}"'
        return self._read[file]


def _text(status: int, words: str) -> Response:
    return Response(status, {**_HEADERS, "content-type": "text/plain; charset=utf-8"}, words.encode())
