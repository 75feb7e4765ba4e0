import { App } from "aws-cdk-lib";
import { ChoreographyStack } from "../lib/choreography-stack";

new ChoreographyStack(new App(), "Choreography");
