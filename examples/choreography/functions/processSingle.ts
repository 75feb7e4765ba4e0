import { faker } from "@faker-js/faker/locale/en";
import type { EventBridgeEvent } from "aws-lambda";
import { DetailType } from "../lib/detail-types";
import { type Detail, putEvent, work } from "./events";
import { basicKey, presign, type Profile, write } from "./reports";

/** Look a person up, keep the profile, and pass on where to read it. The task stays open: others complete it. */
export async function handler(event: EventBridgeEvent<string, Detail & { name: string }>): Promise<void> {
  const { execution, name } = event.detail;
  await work();
  const profile: Profile = { name, company: faker.company.name(), city: faker.location.city() };
  const key = basicKey(execution, name);
  await write(key, profile);
  await putEvent(DetailType.PROCESS_SINGLE_POST, { ...event.detail, profile: await presign(key) } as Detail);
}
