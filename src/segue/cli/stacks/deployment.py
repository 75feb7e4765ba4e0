"""A stack made, or brought, to what a template says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from segue.cli.stacks.artifacts import Artifacts
from segue.cli.stacks.connection import CommandFailed, code_of
from segue.cli.stacks.packaging import Packaged
from segue.cli.stacks.progress import Progress
from segue.cli.stacks.screen import Screen

_MAX_BODY_BYTES = 51_200
_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_TO_REPLACE = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS", "DELETE_FAILED")
"""Stacks in these states cannot be updated, on AWS either: they are deleted and made anew."""


@dataclass(slots=True)
class Deployment:
    """What is deployed, and as which stack.

    Args:
        client: of CloudFormation.
        artifacts: where a template goes that is too long for a request.
        stack_name: the stack.
        parameters: values that were given.
        tags: of the stack.
        rollback: whether what fails is rolled back.
    """

    client: Any
    artifacts: Artifacts
    stack_name: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    rollback: bool = True
    reasons: list[str] = field(default_factory=list)

    def run(self, packaged: Packaged, screen: Screen) -> str:
        """Deploy; the stack's last status, or ``""`` where there was nothing to do. ``reasons`` are those of a failure.

        Raises:
            CommandFailed: parameters are missing, or the server refuses the template.
        """
        stack = self._existing(screen)
        request: dict[str, Any] = {
            "StackName": self.stack_name,
            **self._template(packaged.text),
            "Parameters": self._given(packaged.document, stack),
            "Capabilities": _CAPABILITIES,
        }
        if self.tags:  # without any, the stack keeps those that it has
            request["Tags"] = [{"Key": key, "Value": value} for key, value in self.tags.items()]
        if not self.rollback:
            request["DisableRollback"] = True
        progress = Progress(self.client, stack["StackId"] if stack else self.stack_name, screen)
        if stack:
            progress.begin()
        operation = self.client.update_stack if stack else self.client.create_stack
        try:
            progress.stack = operation(**request)["StackId"]
        except self.client.exceptions.ClientError as error:
            words = error.response["Error"].get("Message", "")
            if "No updates are to be performed" in words:
                return ""
            raise CommandFailed(f"{self.stack_name} cannot be deployed: {words or code_of(error)}") from None
        status = progress.follow()
        self.reasons = [*progress.reasons(), *self._nested_reasons(progress.failures)]
        return status

    def resources(self) -> Any:
        """The resources of the stack's template, transformed."""
        body = self.client.get_template(StackName=self.stack_name, TemplateStage="Processed")["TemplateBody"]
        return body.get("Resources") if isinstance(body, dict) else None

    def outputs(self) -> list[tuple[str, str, str]]:
        """The stack's outputs: name, value, description."""
        stack = self.client.describe_stacks(StackName=self.stack_name)["Stacks"][0]
        return [
            (output["OutputKey"], output["OutputValue"], output.get("Description", ""))
            for output in stack.get("Outputs") or ()
        ]

    def functions(self) -> dict[str, str]:
        """Physical ids of the stack's resources by logical id, those of nested stacks as ``Nested/Function``."""
        return physical_ids(self.client, self.stack_name)

    def _existing(self, screen: Screen) -> dict[str, Any] | None:
        """The stack, if it can be updated; one that never came to be is deleted."""
        try:
            stack: dict[str, Any] = self.client.describe_stacks(StackName=self.stack_name)["Stacks"][0]
        except self.client.exceptions.ClientError as error:
            if code_of(error) == "ValidationError" and "does not exist" in str(error):
                return None
            raise
        if stack["StackStatus"] == "DELETE_COMPLETE":
            return None
        if stack["StackStatus"] not in _TO_REPLACE:
            return stack
        screen.line(f"{self.stack_name} is in {stack['StackStatus']}: it is deleted first, and made anew.")
        progress = Progress(self.client, stack["StackId"], screen)
        progress.begin()
        self.client.delete_stack(StackName=stack["StackId"])
        if (status := progress.follow()) != "DELETE_COMPLETE":
            raise CommandFailed("\n  ".join([f"{self.stack_name} is in {status}:", *progress.reasons()]))
        return None

    def _template(self, text: str) -> dict[str, str]:
        content = text.encode()
        if len(content) <= _MAX_BODY_BYTES:
            return {"TemplateBody": text}
        import hashlib

        key = self.artifacts.upload(f"{hashlib.sha256(content).hexdigest()[:32]}.template", content)
        region = self.artifacts.connection.region
        return {"TemplateURL": f"https://s3.{region}.amazonaws.com/{self.artifacts.bucket}/{key}"}

    def _given(self, document: Mapping[str, Any], stack: Mapping[str, Any] | None) -> list[dict[str, Any]]:
        declared = document.get("Parameters")
        declared = declared if isinstance(declared, dict) else {}
        before = {one["ParameterKey"] for one in (stack or {}).get("Parameters") or ()}
        return parameters(declared, self.parameters, before)

    def _nested_reasons(self, failures: list[dict[str, Any]], depth: int = 0) -> list[str]:
        """Why nested stacks failed: what their own events say."""
        found: list[str] = []
        for event in failures:
            nested = event["ResourceType"] == "AWS::CloudFormation::Stack" and event.get("PhysicalResourceId")
            if not nested or nested == event["StackId"] or depth > 4:
                continue
            try:
                events = self.client.describe_stack_events(StackName=nested)["StackEvents"]
            except self.client.exceptions.ClientError:
                continue
            progress = Progress(self.client, nested, Screen())
            progress.failures = [one for one in reversed(events) if one["ResourceStatus"].endswith("_FAILED")]
            found += [f"{event['LogicalResourceId']} / {reason}" for reason in progress.reasons()]
            found += self._nested_reasons(progress.failures, depth + 1)
        return found


def parameters(declared: Mapping[str, Any], given: Mapping[str, str], before: set[str]) -> list[dict[str, Any]]:
    """The parameters of a request: given ones, else the stack's until now, else the template's defaults.

    Raises:
        CommandFailed: one is given that the template does not have, or one has no value.
    """
    if unknown := sorted(set(given) - set(declared)):
        has = f"it has {', '.join(declared)}" if declared else "it has none"
        raise CommandFailed(f"the template has no parameter {', '.join(unknown)}; {has}", 2)
    missing = [
        (name, about if isinstance(about, dict) else {})
        for name, about in declared.items()
        if name not in given and name not in before and not (isinstance(about, dict) and "Default" in about)
    ]
    if missing:
        lines = [
            f"{name} ({about.get('Type', 'String')})  {about.get('Description', '')}".rstrip()
            for name, about in missing
        ]
        example = " ".join(f"--parameter {name}=…" for name, _ in missing)
        raise CommandFailed("\n  ".join(["parameters without a value:", *lines, f"Give them: {example}"]), 2)
    chosen: list[dict[str, Any]] = [{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()]
    kept = [name for name in declared if name not in given and name in before]
    return chosen + [{"ParameterKey": name, "UsePreviousValue": True} for name in kept]


def physical_ids(client: Any, stack_name: str, prefix: str = "", depth: int = 0) -> dict[str, str]:
    """Physical ids by logical id, those of nested stacks as ``Nested/Function``."""
    found: dict[str, str] = {}
    for page in client.get_paginator("list_stack_resources").paginate(StackName=stack_name):
        for resource in page["StackResourceSummaries"]:
            physical_id = resource.get("PhysicalResourceId") or ""
            found[prefix + resource["LogicalResourceId"]] = physical_id
            if resource["ResourceType"] == "AWS::CloudFormation::Stack" and physical_id and depth < 8:
                found |= physical_ids(client, physical_id, f"{prefix}{resource['LogicalResourceId']}/", depth + 1)
    return found
