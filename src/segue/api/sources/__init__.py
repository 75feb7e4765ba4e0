"""Reading queues and streams on somebody's behalf: what event source mappings and pipes have in common.

``messages`` and ``stream_batches`` are pure: what is a record, what passes filters, what makes a batch, which of it has
failed. ``queues`` takes messages and makes jobs of batches; ``lanes`` remembers how far a stream has been read, and
what comes next.
"""
