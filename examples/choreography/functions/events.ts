import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { DetailType } from "../lib/detail-types";

const eventBridge = new EventBridgeClient();

/** What every event carries: whose it is, and the token by which its task is completed. */
export interface Detail {
  execution: string;
  TaskToken: string;
}

/** Put one event; throws when the bus would not take it. */
export async function putEvent(detailType: DetailType, detail: Detail): Promise<void> {
  const entry = {
    DetailType: detailType,
    Detail: JSON.stringify(detail),
    EventBusName: process.env.EVENT_BUS,
    Source: process.env.EVENT_SOURCE,
  };
  const { Entries, FailedEntryCount } = await eventBridge.send(new PutEventsCommand({ Entries: [entry] }));
  if (FailedEntryCount) {
    throw new Error(`${detailType} was not taken: ${Entries?.[0]?.ErrorCode}: ${Entries?.[0]?.ErrorMessage}`);
  }
}

/** Pretend to work: up to MAX_SLEEP_MS milliseconds (500 where nothing is said). */
export async function work(): Promise<void> {
  const milliseconds = Math.random() * Number(process.env.MAX_SLEEP_MS ?? 500);
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
