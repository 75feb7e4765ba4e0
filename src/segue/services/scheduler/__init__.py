"""Amazon EventBridge Scheduler.

In: schedules and their groups with tags; ``at``, ``rate`` and ``cron`` by the clocks of any time zone, start and end
dates, flexible time windows, deletion after completion, client tokens; inputs with context attributes; retry policies
and dead letters. Targets: functions, queues, topics, state machines and buses as templates, and every operation that
Segue has as universal targets (``arn:aws:scheduler:::aws-sdk:dynamodb:putItem``). A schedule of another service's
target is kept, and the record of deliveries says at each of its times that nothing went there. ``KmsKeyArn`` is kept,
nothing is encrypted by it. Times that passed while no server ran are made up for once. Left out, and answered with
501: targets of EventBridge's second version.
"""

from segue.services.scheduler import firing, groups, resource_types, schedules, tags
from segue.services.scheduler.service import SERVICE

__all__ = ["SERVICE", "firing", "groups", "resource_types", "schedules", "tags"]
