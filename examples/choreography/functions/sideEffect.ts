import type { EventBridgeEvent } from "aws-lambda";
import { DetailType } from "../lib/detail-types";
import { type Detail, putEvent, work } from "./events";
import { fetchJson, type Profile } from "./reports";

/** What nobody waits for: it hears the same event, takes its time, and says when it is done. */
export async function handler(
  event: EventBridgeEvent<string, Detail & { name: string; profile: string }>,
): Promise<void> {
  const { city } = await fetchJson<Profile>(event.detail.profile);
  await work();
  await putEvent(DetailType.SIDE_EFFECT_FINISHED, { ...event.detail, city } as Detail);
}
