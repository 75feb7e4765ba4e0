"""Schedule expressions, pure: ``rate(5 minutes)`` and ``cron(0 12 * * ? *)``; when next, after a time.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html and the conformance
group ``eventbridge-schedule``. Times are milliseconds since the epoch, calendars are UTC. EventBridge Scheduler has
``at(2027-01-01T08:00:00)`` as well, and calendars of other time zones: :func:`parse_zoned`.
"""

from segue.languages.schedules.schedule import InvalidSchedule, Schedule, parse_schedule
from segue.languages.schedules.zoned import At, parse_zoned, time_zone

__all__ = ["At", "InvalidSchedule", "Schedule", "parse_schedule", "parse_zoned", "time_zone"]
