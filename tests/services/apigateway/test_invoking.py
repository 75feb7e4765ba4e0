"""APIs as targets of rules."""

from __future__ import annotations

import json

from tests.services.apigateway.house import Rest
from tests.services.lambda_.house import ROLE


def test_an_event_reaches_a_method(rest: Rest) -> None:
    api = rest.api()
    queues, events = rest.segue.client("sqs"), rest.segue.client("events")
    url = queues.create_queue(QueueName="reached")["QueueUrl"]
    put = {
        "type": "AWS",
        "uri": "arn:aws:apigateway:us-east-1:sqs:path/000000000000/reached",
        "credentials": ROLE,
        "requestParameters": {"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"},
    }
    text = "Action=SendMessage&MessageBody=$input.params('who')-$input.params('q')-$input.path('$.detail.n')"
    who = api.resource("{who}")
    api.method(who, "POST", {**put, "requestTemplates": {"application/json": text}})
    api.answer(who)
    api.deploy()
    events.put_rule(Name="api", EventPattern=json.dumps({"source": ["mine"]}))
    target = {
        "Id": "1",
        "Arn": f"arn:aws:execute-api:us-east-1:000000000000:{api.id}/dev/POST/*",
        "RoleArn": ROLE,
        "HttpParameters": {"PathParameterValues": ["ann"], "QueryStringParameters": {"q": "$.detail.n"}},
    }
    assert events.put_targets(Rule="api", Targets=[target])["FailedEntryCount"] == 0
    events.put_events(Entries=[{"Source": "mine", "DetailType": "t", "Detail": '{"n": 7}'}])
    rest.segue.settle()
    assert queues.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "ann-7-7"
