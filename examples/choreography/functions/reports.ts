import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const s3 = new S3Client();
const Bucket = process.env.BUCKET;

export interface Profile {
  name: string;
  company: string;
  city: string;
}

export interface CookieEater extends Profile {
  numberOfCookiesConsumed: number;
}

/** Keys begin with the execution's ARN and end with a name: colons, spaces, apostrophes and all. */
export const basicKey = (execution: string, name: string) => `${execution}/basic-${name}.json`;
export const finalKey = (execution: string, name: string) => `${execution}/final-${name}.json`;
export const reportKey = (execution: string) => `${execution}/0-cookies.json`;

/** Write an object as JSON. */
export async function write(Key: string, content: unknown): Promise<void> {
  const Body = JSON.stringify(content, null, 2);
  await s3.send(
    new PutObjectCommand({ Bucket, Key, Body, ACL: "bucket-owner-full-control", ContentType: "application/json" }),
  );
}

/** Read back what was written. */
export async function read<T>(Key: string): Promise<T> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
  return JSON.parse(await Body!.transformToString()) as T;
}

/** An address at which whoever has it may read the object for a quarter of an hour. */
export function presign(Key: string): Promise<string> {
  return getSignedUrl(s3, new GetObjectCommand({ Bucket, Key }), { expiresIn: 15 * 60 });
}

/** Read from such an address: no permission of one's own is needed. */
export async function fetchJson<T>(url: string): Promise<T> {
  const response = await fetch(url);
  if (!response.ok) {
    throw new Error(`${response.status} ${response.statusText}: ${await response.text()}`);
  }
  return (await response.json()) as T;
}
