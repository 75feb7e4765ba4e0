"""Amazon DynamoDB Streams.

In: the streams of tables, listed and described; shard iterators of all four types, with their fifteen minutes; records
of the four views in the order of the changes, kept for a day and told to be gone after it. A stream has one shard,
which ends when the stream does: on AWS there are several, which split, end and follow each other every few hours.

For other services, beside AWS's operations: ``StartAt`` and ``RecordsAfter`` (see ``reading``), with which event source
mappings and pipes read a stream from a checkpoint on and wait for more without asking again and again.

Left out: the filter of shards in DescribeStream (there are no children), throttling of readers.
"""

from segue.services.dynamodbstreams import reading, shards
from segue.services.dynamodbstreams.service import SERVICE

__all__ = ["SERVICE", "reading", "shards"]
