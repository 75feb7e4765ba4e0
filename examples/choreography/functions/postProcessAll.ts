import type { EventBridgeEvent } from "aws-lambda";
import { DetailType } from "../lib/detail-types";
import { type Detail, putEvent, work } from "./events";
import { type CookieEater, finalKey, read, reportKey, write } from "./reports";

/** Sum up what all of them ate, and write the cookie report. */
export async function handler(event: EventBridgeEvent<string, Detail & { names: string[] }>): Promise<void> {
  const { execution, names, TaskToken } = event.detail;
  await work();
  const eaters = await Promise.all(names.map((name) => read<CookieEater>(finalKey(execution, name))));
  const totalCookiesConsumed = eaters.reduce((sum, eater) => sum + eater.numberOfCookiesConsumed, 0);
  await write(reportKey(execution), { names, numberOfPeople: names.length, totalCookiesConsumed });
  await putEvent(DetailType.TASK_FINISHED, { execution, TaskToken, totalCookiesConsumed } as Detail);
}
