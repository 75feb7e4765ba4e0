"""A recorded case as this house runs it: the folder's own machinery, where that reads a recording better.

What differs is what a recording means, never what is asked of the server:

- A placeholder that stands for several values (``<md5-hash>``, or a member's own name in kebab case, ``event-id``) is
  no reference: LocalStack's recorder writes it for any value.
- One token that a recording used for several things of a kind (two log groups) is bound anew for each.
- Names are made in the order in which they are used, so that what is listed by name comes in the recorded order.
- Values that were LocalStack's own (its hosts in queue URLs, its account, its log streams) become the server's.
- ``assert`` steps that the folder's runner leaves out are compared where they can be: errors, and what was logged.
- A wait without an expectation ends when the answer no longer changes. A receive that finds nothing, which a test made
  beside its other calls, is made again when what it brings is needed.
- The length of an answer that an integration tells depends on the names in it, which the recording dropped; a billed
  duration is a measurement.
- A task token that was LocalStack's own is the one that came in its place.
"""

from __future__ import annotations

import datetime
import json
import re
import time
import uuid
from collections.abc import Callable
from types import ModuleType
from typing import Any

from botocore.exceptions import ClientError

from tests.conformance import reading
from tests.conformance.clients import Accounts

_ANGLE = re.compile(r"<[a-z][a-z0-9-]*>")
_TOKENS = re.compile(r"<[^<>\s]+>")
_TOKEN = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
_SENT_TOKEN = re.compile(r"TaskToken\W{1,9}([\w+/=-]{8,})")
_DATE = re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")
_OTHER_REGION = "us-west-2"
_PHONE = "+12065550100"
_EXISTS = re.compile("Exist|InUse|Conflict")
_SLOW = frozenset({"DescribeStacks", "DescribeChangeSet", "DescribeTable", "DescribeReplay", "GetExecutionHistory"})
_LOOK_SECONDS = 0.1
_EXPIRY_SECONDS = 1.3
_QUIET_LOOKS = 10


def house_case(machinery: ModuleType) -> type:
    """The machinery's ``Case``, reading recordings as told above."""

    class HouseCase(machinery.Case):  # type: ignore[misc]
        def __init__(self, data: dict[str, Any], *rest: Any) -> None:
            super().__init__(data, *rest)
            self._made = 0
            self._created: set[str] = set()
            self._step: dict[str, Any] = {}
            self._received: dict[str, Any] = {}
            self._deferred: list[dict[str, Any]] = []
            self._task_tokens: list[str] = []
            self._foreign_tokens: list[str] = []
            self._other = f"{(int(self.account) + 1) % 10**12:012d}"
            self.b |= {
                "<region-secondary>": _OTHER_REGION,
                "<test_aws_account_id>": self.account,
                "<secondary_test_aws_account_id>": self._other,
            }
            known = set(data.get("tokens", {}))
            texts = json.dumps([step.get("expect") for step in data.get("steps", ())])
            self.wild |= {found for found in _ANGLE.findall(texts) if found not in known}

        # two accounts

        def run_execution_case(self) -> list[str]:
            arns = [machine.get("arn", "") for machine in self.d["stateMachines"]]
            accounts = [self._other if "<secondary" in arn else self.account for arn in arns]
            if self._other in accounts:
                self.cl = Accounts(self.cl, accounts)
                trusted = self.account if accounts[-1] == self._other else self._other
                role = f"conformance-role-{uuid.uuid4().hex[:8]}"
                with self.cl.acting(trusted):
                    self.b["<trusted_role_arn>"] = self.role(role).replace(self.account, trusted)
            made: list[str] = super().run_execution_case()
            return made

        # values for tokens

        def fresh(self, token: str, source: str) -> str:
            value = self._own_value(token, source)
            if value is None:
                value = str(super().fresh(token, source))
                if re.fullmatch("c[0-9a-f]{16}", value):
                    self._made += 1
                    value = f"c{self._made:04x}{value[5:]}"
                fifo = self._step.get("params", {}).get("Attributes") or {}
                ordered = "true" in (str(fifo.get(name)).lower() for name in ("FifoQueue", "FifoTopic"))
                if ordered and "Name" in source and not value.endswith(".fifo"):
                    value += ".fifo"
            self.b[token] = value
            return value

        def sub_str(self, text: str) -> str:
            masked = _TOKENS.findall(text) if self.d["kind"] == "sfn-execution" else ()
            for token in masked:
                if token not in self.b and token not in self.d.get("tokens", {}) and _ANGLE.fullmatch(token):
                    self._made += 1
                    self.b[token] = f"c{self._made:04x}{uuid.uuid4().hex[:12]}"  # some name that was masked
            return str(super().sub_str(text))

        def _own_value(self, token: str, source: str) -> str | None:
            if token == "<account-id>":
                return str(self.account)
            if "account-id" in token:
                return self._other
            if self._step.get("params", {}).get("Protocol") == "sms" and "Endpoint" in source:
                return _PHONE
            makes = any(step.get("op") == "CreateEventBus" for step in self.d.get("steps", ()))
            if "bus-name" in token and not makes:
                return "default"  # the one bus that is there without being made
            return None

        def params(self, given: dict[str, Any]) -> dict[str, Any]:
            sent: dict[str, Any] = super().params(reading.without_times(given))
            now = datetime.datetime.now(datetime.UTC)
            refused = "must be before" in json.dumps(self._step.get("expectError", ""))
            for name, value in given.items():
                if value == "<datetime>":
                    back = 0 if refused or "End" in name else 1
                    sent[name] = now - datetime.timedelta(hours=back)
            if _TOKEN.fullmatch(given.get("taskToken", "")) and self._task_tokens:
                sent["taskToken"] = self._own_task_token(given["taskToken"])
            return sent

        def _own_task_token(self, foreign: str) -> str:
            if foreign not in self._foreign_tokens:
                self._foreign_tokens.append(foreign)
            return self._task_tokens[min(self._foreign_tokens.index(foreign), len(self._task_tokens) - 1)]

        def bind(self, template: Any, answer: Any) -> None:
            if isinstance(template, str) and isinstance(answer, str) and template[:1] == answer[:1] == "{":
                try:
                    super().bind(json.loads(template), json.loads(answer))
                    return
                except ValueError:
                    pass
            super().bind(template, answer)

        # comparing

        def match(self, expected: Any, actual: Any, path: str = "$") -> None:
            name = path.rsplit(".", 1)[-1]
            if isinstance(expected, str) and expected == reading.kebab(name) and actual and isinstance(actual, str):
                return
            if name == "billedDurationInMilliseconds":
                if not isinstance(actual, int) or actual <= 0 or actual % 100:
                    raise machinery.Mismatch(f"{path}: not a billed duration: {actual}")
                return  # what AWS measured
            if "SdkHttpMetadata" in path and "Content-Length" in path and str(actual).isdigit():
                return  # it depends on names, whose lengths are not recorded
            if "SdkHttpMetadata" in path and _DATE.fullmatch(str(expected)) and _DATE.fullmatch(str(actual)):
                return
            if isinstance(actual, bytes) and expected == str(actual):
                return  # the recorder printed bytes
            if name == "output" and isinstance(actual, str) and isinstance(expected, list | int | float):
                actual = json.loads(actual)  # the recorder parsed what a state put out
            super().match(expected, actual, path)

        def match_str(self, expected: str, actual: Any, path: str) -> None:
            known = set(self.b)
            super().match_str(expected, actual, path)
            for token in self.b.keys() - known:
                kind = token.rpartition(":")[0]  # the recorder gave each value one token: two are never the same
                same = [other for other in known if kind and other.startswith(f"{kind}:")]
                if any(self.b[other] == self.b[token] for other in same):
                    raise machinery.Mismatch(f"{path}: {self.b.pop(token)!r} is another than {token} already")

        # steps

        def run_script(self) -> None:
            steps = self.d["steps"]
            for at, step in enumerate(steps):
                self._step = step
                told = steps[at + 1] if at + 1 < len(steps) and "assert" in steps[at + 1] else {}
                where = f"step[{at}] {step.get('service')}.{step.get('op')}"
                self._receive_for(json.dumps(step.get("params", "")))
                if "assert" in step:
                    self._assert(step)
                elif self._nothing_yet(step):
                    self._deferred.append(step)
                elif not reading.raised_by_boto(step, told):
                    self._do(step, told, where)

        def _nothing_yet(self, step: dict[str, Any]) -> bool:
            """Whether a receive that is only to bring values, made early, brings none so far."""
            if step["op"] != "ReceiveMessage" or "expect" in step or "Messages" not in (step.get("bind") or {}):
                return False
            soon = {**step, "params": {**step["params"], "WaitTimeSeconds": 0}}
            for _ in range(3):
                answer = self._call(soon)
                if answer.get("Messages"):
                    self._received = answer
                    return False
                time.sleep(_LOOK_SECONDS)
            return True

        def _receive_for(self, params: str) -> None:
            for step in list(self._deferred):
                brings = {token for token in _TOKENS.findall(json.dumps(step["bind"])) if token not in self.b}
                if any(token in params for token in brings):
                    self._deferred.remove(step)
                    self._do(step, {}, f"{step['service']}.{step['op']}")

        def _do(self, step: dict[str, Any], told: dict[str, Any], where: str) -> None:
            if reading.stream_of_localstack(step):
                return  # what was logged is compared where the recording says what it was
            try:
                answer, self._received = self._received or self._answer(step), {}
            except ClientError as error:
                self._refused(step, told, where, error)
                return
            if "expectError" in step:
                said = json.dumps(step["expectError"])[:200]
                raise machinery.Mismatch(f"{where}: expected error {said}, got success")
            self._task_tokens += [
                t for t in _SENT_TOKEN.findall(json.dumps(answer, default=str)) if t not in self._task_tokens
            ]
            self.bind(step.get("bind"), answer)
            if "expect" in step:
                self._compare(step, where, answer)

        def _compare(self, step: dict[str, Any], where: str, answer: dict[str, Any]) -> None:
            expected = step["expect"]
            if isinstance(expected, dict) and "events" in expected and step["op"] == "GetExecutionHistory":
                self.compare(expected, answer["events"])
                return
            try:
                self.check(expected, self.norm(answer))
            except machinery.Mismatch as mismatch:
                raise machinery.Mismatch(f"{where}: {mismatch}") from None

        def _refused(self, step: dict[str, Any], told: dict[str, Any], where: str, error: ClientError) -> None:
            said = error.response["Error"]
            if "expectError" in step:
                wanted = step["expectError"]
                code = wanted.get("code") or wanted.get("exception_typename")
                if code:
                    self.match(code, said["Code"], f"{where}.code")
                if "message" in wanted and self.args.level != "outcome":
                    self.match_str(wanted["message"], said.get("Message", ""), f"{where}.message")
                if "exception_value" in wanted and self.args.level != "outcome":
                    self.match_str(wanted["exception_value"], str(error), f"{where}.message")
                return
            value = told.get("value")
            if isinstance(value, dict) and "Error" in value:
                self.match(value["Error"]["Code"], said["Code"], f"{where}.code")
            elif isinstance(value, str) and value.startswith("An error occurred"):
                self.match_str(value, str(error), f"{where}.message")
            elif "localstackError" not in step:
                raise machinery.Mismatch(f"{where}: unexpected error {error}")

        def _answer(self, step: dict[str, Any]) -> dict[str, Any]:
            if "stub" in step:
                made: dict[str, Any] = self.make_lambda(step["stub"])
                return made
            try:
                answer = self._call(step)
            except ClientError as error:
                if not self._renamed(step, error) and not self._is_early(step, error):
                    raise
                answer = self._call(step)
            self._remember(step)
            return self._awaited(step, answer)

        def _call(self, step: dict[str, Any]) -> dict[str, Any]:
            if "has expired" in json.dumps(step.get("expectError", "")):
                time.sleep(_EXPIRY_SECONDS)  # so did the test
            sent = self.params(step["params"])
            self.cl.region = self.sub_str(step["region"]) if "region" in step else ""
            try:
                found: dict[str, Any] = self.op(step["service"], step["op"], sent)
            finally:
                self.cl.region = ""
            return found

        def _is_early(self, step: dict[str, Any], error: ClientError) -> bool:
            """Whether what a function or a rule logs is not there yet; it has been waited for."""
            if "expectError" in step or step["service"] != "logs" or "NotFound" not in error.response["Error"]["Code"]:
                return False
            time.sleep(10 * _LOOK_SECONDS)
            return True

        def _remember(self, step: dict[str, Any]) -> None:
            if step["op"].startswith("Create"):
                texts = {value for value in step["params"].values() if isinstance(value, str)}
                self._created |= texts & self.b.keys()

        def _renamed(self, step: dict[str, Any], error: ClientError) -> bool:
            """Whether a token that names what exists already now names something new."""
            if "expectError" in step or not _EXISTS.search(error.response["Error"]["Code"]):
                return False
            tokens = [value for value in step["params"].values() if isinstance(value, str) and value in self._created]
            for token in tokens:
                self.alts.setdefault(token, []).append(self.b.pop(token))
            return bool(tokens)

        def _awaited(self, step: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
            look = self._looks(step)
            end = time.monotonic() + self.args.timeout
            quiet = 0
            while not look(answer) and time.monotonic() < end:
                time.sleep(_LOOK_SECONDS)
                newer = self._call(step)
                quiet = quiet + 1 if self.norm(newer) == self.norm(answer) else 0
                answer = newer
                if quiet >= _QUIET_LOOKS and "expect" not in step and step["op"] != "ReceiveMessage":
                    break
                if quiet >= 3 * _QUIET_LOOKS and step["op"] not in _SLOW:
                    break
            return answer

        def _looks(self, step: dict[str, Any]) -> Callable[[dict[str, Any]], bool]:
            """Whether an answer is the one that the recording waited for."""
            op = step["op"]
            if op in ("DescribeStacks", "DescribeChangeSet", "DescribeTable", "DescribeReplay"):
                pending = re.compile("IN_PROGRESS|CREATING|PENDING|STARTING|RUNNING")
                return lambda answer: not pending.search(json.dumps(answer, default=str))
            if op == "GetExecutionHistory":
                return lambda answer: any(event["type"] in machinery.TERMINAL for event in answer["events"])
            if op == "ReceiveMessage" and "Messages" in (step.get("bind") or {}):
                return lambda answer: bool(answer.get("Messages"))
            if not step.get("poll"):
                return lambda answer: True
            if op == "DescribeExecution":
                return lambda answer: answer["status"] != "RUNNING"
            if "expect" not in step:
                return lambda answer: False
            return lambda answer: self._fits(step["expect"], answer)

        def _fits(self, expected: Any, answer: dict[str, Any]) -> bool:
            saved = dict(self.b)
            try:
                self.match(json.loads(json.dumps(expected)), self.norm(answer))
            except machinery.Mismatch:
                self.b = saved
                return False
            return True

        # what tests computed from earlier answers

        def _assert(self, step: dict[str, Any]) -> None:
            if step["assert"] == "logged_execution_events":
                self._logged(step, lambda lines: lines)
            elif step["assert"] == "end_event":
                self._logged(step, lambda lines: lines[-1] if lines else None)

        def _logged(self, step: dict[str, Any], pick: Callable[[list[Any]], Any]) -> None:
            """Log delivery takes its time, on AWS as here."""
            group = self.b.get("log_group_name")
            end = time.monotonic() + self.args.timeout
            while True:
                events = self.cl("logs").filter_log_events(logGroupName=group)["events"]
                lines = [self.norm(json.loads(event["message"])) for event in events]
                lines = [{**line, "event_timestamp": "timestamp"} for line in lines]
                try:
                    self.match(step["value"], pick(lines), step["assert"])
                    return
                except machinery.Mismatch:
                    if time.monotonic() > end or (len(lines) >= len(step["value"]) > 0 and "id" not in step["value"]):
                        raise
                time.sleep(_LOOK_SECONDS)

    return HouseCase
