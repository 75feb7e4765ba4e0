"""Schedule expressions, pure: ``rate(5 minutes)`` and ``cron(0 12 * * ? *)``; when next, after a time.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html and the conformance
group ``eventbridge-schedule``. Times are milliseconds since the epoch, calendars are UTC.
"""

from segue.languages.schedules.schedule import InvalidSchedule, Schedule, parse_schedule

__all__ = ["InvalidSchedule", "Schedule", "parse_schedule"]
