import { Duration } from "aws-cdk-lib";
import { Rule } from "aws-cdk-lib/aws-events";
import { SfnStateMachine } from "aws-cdk-lib/aws-events-targets";
import { CustomState, DefinitionBody, StateMachine, StateMachineType, Succeed } from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import { Bus } from "./bus";
import { DetailType } from "./detail-types";

/** No target of a rule completes a task. So a small express machine does: it hands the event's detail to its token. */
export class StepFinisher extends Construct {
  constructor(scope: Construct, id: string, bus: Bus, owner: StateMachine) {
    super(scope, id);
    const taskSuccess = new CustomState(this, "TaskSuccess", {
      stateJson: {
        Type: "Task",
        Resource: "arn:aws:states:::aws-sdk:sfn:sendTaskSuccess",
        Parameters: { "Output.$": "$.detail", "TaskToken.$": "$.detail.TaskToken" },
      },
    });
    const finisher = new StateMachine(this, "StepFinisher", {
      definitionBody: DefinitionBody.fromChainable(taskSuccess.next(new Succeed(this, "TaskSucceeded"))),
      stateMachineType: StateMachineType.EXPRESS,
      timeout: Duration.minutes(5),
    });
    owner.grantTaskResponse(finisher);
    new Rule(this, "FinisherRule", {
      eventBus: bus.defaultBus,
      eventPattern: { detailType: [DetailType.TASK_FINISHED] },
      targets: [new SfnStateMachine(finisher)],
    });
  }
}
