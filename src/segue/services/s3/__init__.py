"""Amazon S3: buckets and objects.

In: buckets; objects with metadata, tags, ranges, conditions, checksums (CRC-32, CRC-32C, CRC-64/NVME, SHA-1, SHA-256)
and versions; copies; uploads in parts; deletion in batches; listings with prefix, delimiter and pages; notifications to
functions, queues, topics and the default bus; policies and lifecycle rules (expiry); presigned URLs; CORS; websites (at
``http://HOST/_aws/s3-website/BUCKET/``); encryption, public access, ownership and logging configurations and ACLs,
which are kept and told.

Left out: objects' locks, object lambda, select, torrents, directory buckets, replication, inventory and access points.
"""

from segue.services.s3 import (
    acls,
    buckets,
    copies,
    cross_origin,
    lifecycle,
    listing,
    multipart,
    notifications,
    objects,
    policies,
    resource_types,
    settings,
    tagging,
    uploads,
    versioning,
    website,
)
from segue.services.s3.service import SERVICE

__all__ = [
    "SERVICE",
    "acls",
    "buckets",
    "copies",
    "cross_origin",
    "lifecycle",
    "listing",
    "multipart",
    "notifications",
    "objects",
    "policies",
    "resource_types",
    "settings",
    "tagging",
    "uploads",
    "versioning",
    "website",
]
