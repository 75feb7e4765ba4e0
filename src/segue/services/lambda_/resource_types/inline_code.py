"""Code that stands in a template: zipped as AWS does it, with the module for answering CloudFormation.

Source: CloudFormation template reference, "AWS::Lambda::Function Code" (``ZipFile``: a file named ``index``) and
"cfn-response module".
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from segue.errors import AwsError

_MAXIMUM_BYTES = 4 * 1024 * 1024
_MODULES = Path(__file__).parent / "cfn_response"
_ALWAYS = (1980, 1, 1, 0, 0, 0)  # the same code is the same package
_RESPONSE_JS = (_MODULES / "index.js").read_text()
_RESPONSE_PY = (_MODULES / "cfnresponse.py").read_text()


def package_of(text: str, runtime: str) -> bytes:
    """The deployment package of a template's inline code.

    Raises:
        AwsError: for runtimes that have none, and for more than 4 MB.
    """
    if len(text.encode()) > _MAXIMUM_BYTES:
        raise AwsError("ValidationError", f"ZipFile must not be larger than {_MAXIMUM_BYTES} bytes.")
    if runtime.startswith("python"):
        return _zipped({"index.py": text, "cfnresponse.py": _RESPONSE_PY})
    if runtime.startswith("nodejs"):
        return _zipped({"index.js": text, "node_modules/cfn-response/index.js": _RESPONSE_JS})
    raise AwsError(
        "InvalidParameterValueException",
        f"ZipFile can only be used with Node.js and Python runtimes, not {runtime or 'without a Runtime'}.",
    )


def _zipped(files: dict[str, str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name, _ALWAYS)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, text)
    return target.getvalue()
