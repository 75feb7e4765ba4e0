import { faker } from "@faker-js/faker/locale/en";
import type { EventBridgeEvent } from "aws-lambda";
import { DetailType } from "../lib/detail-types";
import { type Detail, putEvent, work } from "./events";

/** The names to process, from a "database": between none and nineteen, unless NUMBER_OF_NAMES says how many. */
export async function handler(event: EventBridgeEvent<string, Detail>): Promise<void> {
  await work();
  const length = Number(process.env.NUMBER_OF_NAMES ?? Math.floor(Math.random() * 20));
  const names = Array.from({ length }, () => faker.person.fullName());
  await putEvent(DetailType.TASK_FINISHED, { ...event.detail, names } as Detail);
}
