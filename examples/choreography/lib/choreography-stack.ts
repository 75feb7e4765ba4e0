import { CfnOutput, Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { Runtime } from "aws-cdk-lib/aws-lambda";
import { NodejsFunction } from "aws-cdk-lib/aws-lambda-nodejs";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import { BlockPublicAccess, Bucket } from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import * as path from "node:path";
import { Bus } from "./bus";
import { DetailType } from "./detail-types";
import { EventDrivenMachine } from "./event-driven-machine";
import { StepFinisher } from "./step-finisher";

/** Who eats how many cookies: five functions, two state machines, a bus and a bucket. */
export class ChoreographyStack extends Stack {
  private readonly bus: Bus;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.bus = new Bus(this, "Bus");
    const bucket = new Bucket(this, "Bucket", {
      autoDeleteObjects: true,
      removalPolicy: RemovalPolicy.DESTROY,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    });

    this.addLambda({ name: "getMultiple", detailType: DetailType.GET_MULTIPLE });
    this.addLambda({ name: "processSingle", detailType: DetailType.PROCESS_SINGLE, bucket });
    this.addLambda({ name: "postProcessSingle", detailType: DetailType.PROCESS_SINGLE_POST, bucket });
    this.addLambda({ name: "postProcessAll", detailType: DetailType.PROCESS_ALL, bucket });
    this.addLambda({ name: "sideEffect", detailType: DetailType.PROCESS_SINGLE_POST });

    const machine = new EventDrivenMachine(this, "SM", this.bus);
    new StepFinisher(this, "Finisher", this.bus, machine.stateMachine);

    new CfnOutput(this, "BucketName", { value: bucket.bucketName });
    new CfnOutput(this, "StateMachineArn", { value: machine.stateMachine.stateMachineArn });
  }

  private addLambda(props: { name: string; detailType: DetailType; bucket?: Bucket }): NodejsFunction {
    const { name, detailType, bucket } = props;
    const fn = new NodejsFunction(this, `${name}Fn`, {
      entry: path.join(__dirname, "..", "functions", `${name}.ts`),
      runtime: Runtime.NODEJS_22_X,
      logRetention: RetentionDays.ONE_DAY,
      timeout: Duration.seconds(30),
      // the SDK comes along in its pinned version, whatever the runtime has
      bundling: { externalModules: [], mainFields: ["module", "main"], minify: true },
      environment: settings(),
    });
    this.bus.addLambdaRule(`${name}Rule`, { lambda: fn, eventPattern: { detailType: [detailType] } });
    if (bucket) {
      bucket.grantReadWrite(fn);
      fn.addEnvironment("BUCKET", bucket.bucketName);
    }
    return fn;
  }
}

/** What may be set when deploying: how long functions pretend to work, and how many names there are. */
function settings(): Record<string, string> {
  const names = ["MAX_SLEEP_MS", "NUMBER_OF_NAMES"];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}
