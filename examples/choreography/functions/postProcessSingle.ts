import { faker } from "@faker-js/faker/locale/en";
import type { EventBridgeEvent } from "aws-lambda";
import { DetailType } from "../lib/detail-types";
import { type Detail, putEvent, work } from "./events";
import { type CookieEater, fetchJson, finalKey, type Profile, write } from "./reports";

/** Add how many cookies the person ate, and complete the task. */
export async function handler(
  event: EventBridgeEvent<string, Detail & { name: string; profile: string }>,
): Promise<void> {
  const { execution, name, profile, TaskToken } = event.detail;
  const basic = await fetchJson<Profile>(profile);
  await work();
  const eater: CookieEater = { ...basic, numberOfCookiesConsumed: faker.number.int({ min: 0, max: 10 }) };
  await write(finalKey(execution, name), eater);
  await putEvent(DetailType.TASK_FINISHED, { execution, TaskToken });
}
