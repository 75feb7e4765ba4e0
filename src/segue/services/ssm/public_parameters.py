"""A few of the parameters that AWS publishes: those that templates and scripts ask for.

Source: Systems Manager user guide, "Working with public parameters". Images of machines are named by ids that mean
nothing here (there is no EC2), always the same for a name and a region; regions by their codes and long names. What is
in neither group is ``ParameterNotFound``.
"""

from __future__ import annotations

import hashlib
import re

from segue.arn import partition_of
from segue.services.ssm.records import Version

PREFIX = "/aws/service/"
_IMAGES = re.compile(
    r"ami-(?:amazon-linux|windows|macos)-latest/[\w.+-]+"
    r"|(?:ecs/optimized-ami|eks/optimized-ami|bottlerocket)/[\w./+-]+/image_id"
    r"|(?:canonical/ubuntu|debian|suse|redhat)/[\w./+-]+/ami-id",
    re.ASCII,
)
_REGIONS_PATH = "global-infrastructure/regions"
_REGIONS = {
    "af-south-1": "Africa (Cape Town)",
    "ap-east-1": "Asia Pacific (Hong Kong)",
    "ap-northeast-1": "Asia Pacific (Tokyo)",
    "ap-northeast-2": "Asia Pacific (Seoul)",
    "ap-northeast-3": "Asia Pacific (Osaka)",
    "ap-south-1": "Asia Pacific (Mumbai)",
    "ap-southeast-1": "Asia Pacific (Singapore)",
    "ap-southeast-2": "Asia Pacific (Sydney)",
    "ca-central-1": "Canada (Central)",
    "eu-central-1": "Europe (Frankfurt)",
    "eu-north-1": "Europe (Stockholm)",
    "eu-south-1": "Europe (Milan)",
    "eu-west-1": "Europe (Ireland)",
    "eu-west-2": "Europe (London)",
    "eu-west-3": "Europe (Paris)",
    "me-south-1": "Middle East (Bahrain)",
    "sa-east-1": "South America (Sao Paulo)",
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-1": "US West (N. California)",
    "us-west-2": "US West (Oregon)",
}
_PUBLISHED_MS = 1_577_836_800_000


def public_parameter(region: str, name: str) -> Version | None:
    """The public parameter of that name, as a region has it."""
    path = name.removeprefix(PREFIX)
    if path == name:
        return None
    if _IMAGES.fullmatch(path):
        return _version(name, f"ami-{hashlib.sha256(f'{region} {name}'.encode()).hexdigest()[:17]}", "aws:ec2:image")
    if path.startswith(f"{_REGIONS_PATH}/"):
        code, _, what = path.removeprefix(f"{_REGIONS_PATH}/").partition("/")
        values = {"": code, "longName": _REGIONS.get(code, ""), "partition": partition_of(code)}
        if code in _REGIONS and what in values:
            return _version(name, values[what], "text")
    return None


def public_below(path: str) -> list[Version]:
    """The regions, where their path is asked for."""
    if path.strip("/") != f"{PREFIX}{_REGIONS_PATH}".strip("/"):
        return []
    return [_version(f"{PREFIX}{_REGIONS_PATH}/{code}", code, "text") for code in _REGIONS]


def _version(name: str, value: str, data_type: str) -> Version:
    return Version(name, 1, value, _PUBLISHED_MS, (), {"Type": "String", "Tier": "Standard", "DataType": data_type})
