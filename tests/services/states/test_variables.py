"""JSONata and variables, from outside."""

from __future__ import annotations

import json

from tests.services.states.machines import PREFIX, House, task


def test_expressions_and_variables_across_a_restarted_execution(house: House) -> None:
    arn = house.machine(
        {"Type": "Pass", "Assign": {"rate": "{% $states.input.rate %}"}},
        {"Type": "Wait", "Seconds": "{% $states.input.seconds %}"},
        {"Type": "Pass", "Output": "{% {'total': $rate * 2, 'at': $states.context.State.Name} %}", "End": True},
        QueryLanguage="JSONata",
    )
    execution = house.start(arn, {"rate": 1.5, "seconds": 60})
    assert house.status(execution) == "RUNNING"
    house.segue.advance(minutes=2)
    assert house.output(execution) == {"total": 3, "at": "S2"}


def test_a_failed_expression_is_told_in_the_history(house: House) -> None:
    arn = house.machine({"Type": "Pass", "Output": {"a": "{% 1 + 'x' %}"}, "End": True}, QueryLanguage="JSONata")
    execution = house.start(arn)
    cause = (
        "An error occurred while executing the state 'S0' (entered at the event id #2). The JSONata expression "
        "'1 + 'x'' specified for the field 'Output/a' threw an error during evaluation. T2002: The right side of the "
        '"+" operator must evaluate to a number'
    )
    assert house.failure(execution) == ("States.QueryEvaluationError", cause)
    details = house.events(execution)[2]["evaluationFailedEventDetails"]
    assert details == {"error": "States.QueryEvaluationError", "cause": cause, "location": "Output/a", "state": "S0"}


def test_hostile_expressions_end_and_hold_up_nobody(house: House) -> None:
    for text in (
        "($f := function($x){ $f($x) }; $f(1))",
        "($p := function($s,$n){ $n = 0 ? $s : $p($s & $s, $n-1) }; $p('x', 99))",
        "[1..800000].(1 + $).(1 + $)",
    ):
        arn = house.machine({"Type": "Pass", "Output": f"{{% {text} %}}", "End": True}, QueryLanguage="JSONata")
        error, cause = house.failure(house.start(arn))
        assert error == "States.QueryEvaluationError"
        assert "Expression evaluation" in cause
        house.states.delete_state_machine(stateMachineArn=arn)
        house.segue.settle()


def test_arguments_reach_operations(house: House) -> None:
    arguments = {"Name": "{% 'order-' & $states.input.id %}", "StateMachineArn": f"{PREFIX}:stateMachine:child"}
    house.machine({"Type": "Pass", "End": True}, name="child")
    arn = house.machine({**task("states:startExecution"), "Arguments": arguments}, QueryLanguage="JSONata")
    assert house.output(house.start(arn, {"id": 7}))["ExecutionArn"].endswith(":child:order-7")


def test_what_states_read_is_described(house: House) -> None:
    arn = house.machine(
        {"Type": "Pass", "Assign": {"x": 1, "y": 2}},
        {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $y + $x %}", "End": True},
    )
    described = house.states.describe_state_machine(stateMachineArn=arn)
    assert described["variableReferences"] == {"S1": ["x", "y"]}
    assert json.loads(described["definition"])["StartAt"] == "S0"
