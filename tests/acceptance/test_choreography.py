"""The article "Orchestrating Choreography" in CDK: deployed by the CDK CLI as it is, run by one event, taken away.

Every policy is enforced: what the constructs grant is enough, and nothing else is granted. The first run on a machine
fetches CDK from npm.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.cdk_app import ACCOUNT, REGION, STACK, CdkApp, changed, cloud_assembly, eventually
from tests.served import Served


@pytest.fixture
def assembly(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The application, synthesized once for all workers, without its sleeps."""
    own = tmp_path_factory.getbasetemp()
    return cloud_assembly(own if worker_id == "master" else own.parent, MAX_SLEEP_MS="0")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path / "data", "--iam", "enforce") as running:
        yield running


@pytest.mark.timeout(420)
def test_cdk_bootstraps_deploys_swaps_and_destroys_it(served: Served, assembly: Path, tmp_path: Path) -> None:
    app = CdkApp(served.endpoint_url, assembly, tmp_path)
    said = app.cdk("bootstrap")
    assert "bootstrapped" in said
    said = app.deploy()
    assert f"✅  {STACK}" in said

    app.set_variables("getMultiple", NUMBER_OF_NAMES="10")
    reports(app)
    nobody(app)
    a_function_that_throws_leaves_its_task_waiting(app)

    assert "(no changes)" in app.deploy()
    swapped(app)
    app.cdk("destroy", "--force")
    nothing_is_left(app)


def reports(app: CdkApp) -> None:
    """From the event to the report, all of whose numbers fit."""
    arn = app.start()
    ended = app.ended(arn)
    assert ended["status"] == "SUCCEEDED", (ended, app.failures())
    print(f"ten names, functions cold: {(ended['stopDate'] - ended['startDate']).total_seconds():.2f} s")
    output = json.loads(ended["output"])
    report = app.read(f"{arn}/0-cookies.json")
    assert report["names"] == output["names"]["value"]
    assert report["numberOfPeople"] == len(report["names"]) == 10
    eaten = [app.read(f"{arn}/final-{name}.json")["numberOfCookiesConsumed"] for name in report["names"]]
    assert report["totalCookiesConsumed"] == output["totalCookiesConsumed"]["value"] == sum(eaten)
    assert app.failures() == []
    ended = app.ended(app.start())
    print(f"again, functions warm: {(ended['stopDate'] - ended['startDate']).total_seconds():.2f} s")


def nobody(app: CdkApp) -> None:
    """The number of names is a matter of chance, and may be none."""
    app.set_variables("getMultiple", NUMBER_OF_NAMES="0")
    arn = app.start()
    assert app.ended(arn)["status"] == "SUCCEEDED"
    report = app.read(f"{arn}/0-cookies.json")
    assert report == {"names": [], "numberOfPeople": 0, "totalCookiesConsumed": 0}


def a_function_that_throws_leaves_its_task_waiting(app: CdkApp) -> None:
    """There is no error path: Lambda tries three times, nobody sends the token, and the deliveries say so."""
    app.set_variables("getMultiple", NUMBER_OF_NAMES="1e10")  # no array is that long
    arn = app.start()
    (line,) = eventually(lambda: [line for line in app.failures() if "getMultiple" in line], 60)
    assert "Invalid array length" in line
    states = app.client("stepfunctions")
    events = states.get_execution_history(executionArn=arn)["events"]
    assert events[-1]["type"] == "TaskSubmitted"
    states.stop_execution(executionArn=arn)
    app.set_variables("getMultiple", NUMBER_OF_NAMES="3")


def swapped(app: CdkApp) -> None:
    """Code that has changed is put in place without CloudFormation."""
    app.assembly = changed(app.assembly, app.scratch / "changed", "getMultiple", 'console.log("swapped");')
    cloudformation = app.client("cloudformation")
    before = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"][0]["EventId"]
    app.deploy("--hotswap")
    assert cloudformation.describe_stack_events(StackName=STACK)["StackEvents"][0]["EventId"] == before
    assert app.ended(app.start())["status"] == "SUCCEEDED"
    group = f"/aws/lambda/{app.function('getMultiple')}"
    eventually(lambda: app.client("logs").filter_log_events(logGroupName=group, filterPattern="swapped")["events"])


def nothing_is_left(app: CdkApp) -> None:
    """What the stack made is gone, objects included; logs stay, as on AWS."""
    assert app.client("stepfunctions").list_state_machines()["stateMachines"] == []
    assert app.client("lambda").list_functions()["Functions"] == []
    assert app.client("events").list_rules()["Rules"] == []
    assert [one["Name"] for one in app.client("s3").list_buckets()["Buckets"]] == [
        f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
    ]
    roles = [one["RoleName"] for one in app.client("iam").list_roles()["Roles"]]
    assert all(role.startswith(("cdk-hnb659fds-", "AWSServiceRole")) for role in roles)
    stacks = app.client("cloudformation").describe_stacks()["Stacks"]
    assert [stack["StackName"] for stack in stacks] == ["CDKToolkit"]
    groups = app.client("logs").describe_log_groups()["logGroups"]
    assert {group.get("retentionInDays") for group in groups if "Fn" in group["logGroupName"]} == {1}
