import { Rule } from "aws-cdk-lib/aws-events";
import { SfnStateMachine } from "aws-cdk-lib/aws-events-targets";
import {
  DefinitionBody,
  IntegrationPattern,
  JsonPath,
  Map,
  StateMachine,
  Succeed,
  TaskInput,
} from "aws-cdk-lib/aws-stepfunctions";
import { EventBridgePutEvents } from "aws-cdk-lib/aws-stepfunctions-tasks";
import { Construct } from "constructs";
import { Bus } from "./bus";
import { DetailType, SOURCE } from "./detail-types";

/**
 * A state machine that calls nobody: every step puts an event with a task token and waits until the token comes back.
 * Who does the work, and by how many intermediate events, it does not know.
 */
export class EventDrivenMachine extends Construct {
  readonly stateMachine: StateMachine;

  constructor(
    scope: Construct,
    id: string,
    private readonly bus: Bus,
  ) {
    super(scope, id);
    const execution = JsonPath.stringAt("$$.Execution.Id");

    const getMultiple = this.createEvent("GetMultiple", {
      detailType: DetailType.GET_MULTIPLE,
      details: { execution },
      resultPath: "$.names",
    });
    const processMultiple = new Map(this, "ProcessMultiple", {
      maxConcurrency: 2,
      // a TaskInput as result selector is written out as an object, so the names are its "value"
      itemsPath: "$.names.value",
      itemSelector: { name: JsonPath.stringAt("$$.Map.Item.Value"), execution },
      resultPath: JsonPath.DISCARD,
    });
    processMultiple.itemProcessor(
      this.createEvent("ProcessSingle", {
        detailType: DetailType.PROCESS_SINGLE,
        details: { name: JsonPath.stringAt("$.name"), execution: JsonPath.stringAt("$.execution") },
      }),
    );
    const postProcessAll = this.createEvent("PostProcessAll", {
      detailType: DetailType.PROCESS_ALL,
      details: { names: JsonPath.stringAt("$.names.value"), execution },
      resultPath: "$.totalCookiesConsumed",
    });

    this.stateMachine = new StateMachine(this, "EventdrivenMachine", {
      definitionBody: DefinitionBody.fromChainable(
        getMultiple.next(processMultiple).next(postProcessAll).next(new Succeed(this, "Success")),
      ),
    });
    new Rule(this, "StartMachineRule", {
      eventBus: bus.defaultBus,
      eventPattern: { detailType: [DetailType.START] },
      targets: [new SfnStateMachine(this.stateMachine)],
    });
  }

  private createEvent(
    id: string,
    event: { detailType: DetailType; details: Record<string, string>; resultPath?: string },
  ): EventBridgePutEvents {
    return new EventBridgePutEvents(this, id, {
      entries: [
        {
          detail: TaskInput.fromObject({ ...event.details, TaskToken: JsonPath.taskToken }),
          detailType: event.detailType,
          eventBus: this.bus.defaultBus,
          source: SOURCE,
        },
      ],
      ...(event.resultPath
        ? { resultSelector: TaskInput.fromJsonPathAt(event.resultPath), resultPath: event.resultPath }
        : { resultPath: JsonPath.DISCARD }),
      integrationPattern: IntegrationPattern.WAIT_FOR_TASK_TOKEN,
    });
  }
}
