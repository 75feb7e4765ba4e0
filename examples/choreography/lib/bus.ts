import { EventBus, EventPattern, IEventBus, Rule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import { Function } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import { SOURCE } from "./detail-types";

/** The account's default bus, and the one way in which functions listen and speak on it. */
export class Bus extends Construct {
  readonly defaultBus: IEventBus;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.defaultBus = EventBus.fromEventBusName(this, "DefaultBus", "default");
  }

  /** Let a function hear what matches, and let it put events itself. */
  addLambdaRule(id: string, props: { lambda: Function; eventPattern: EventPattern }): void {
    new Rule(this, id, {
      description: id,
      eventBus: this.defaultBus,
      eventPattern: props.eventPattern,
      targets: [new LambdaFunction(props.lambda)],
    });
    this.defaultBus.grantPutEventsTo(props.lambda);
    props.lambda.addEnvironment("EVENT_BUS", this.defaultBus.eventBusName);
    props.lambda.addEnvironment("EVENT_SOURCE", SOURCE);
  }
}
