import { expect, it } from "vitest";
import { testHost } from "../../../test/support/host.ts";
import type { IncomingBatch } from "../../component/ingest.ts";
import type { GroupOutcome } from "../log/ingest-core.ts";
import { StoreClient } from "./store-client.ts";
import type { StoreThreads } from "./store-threads.ts";

const STORED: GroupOutcome = { type: "stored", result: { accepted: 1, rejected: 0, message: "" } };
/** As many senders as a disk that is slow makes take turns. */
const SENDERS = 8;

function batch(): IncomingBatch {
  return {
    format: "otlp_protobuf",
    encoding: "identity",
    bytes: new Uint8Array(100),
    maxBytes: 1_000,
    receivedAtMs: 0,
    source: "test",
  };
}

/** A store whose ingest thread answers a group when it is told to. */
function heldStore() {
  const groups: { readonly size: number; readonly answer: () => void }[] = [];
  let told = () => {};
  const ingest: Pick<StoreThreads["ingest"], "append"> = {
    append: (batches) =>
      new Promise((resolve) => {
        groups.push({ size: batches.length, answer: () => resolve(batches.map(() => STORED)) });
        told();
      }),
  };
  const grown: number[] = [];
  const threads = {
    ingest,
    export: { advanced: (bytes: number) => grown.push(bytes) },
    sealing: undefined,
  } as unknown as StoreThreads;
  const store = new StoreClient(threads, testHost());
  /** The group of that number, counted from 0, once it is sent to the thread. */
  const group = async (number: number) => {
    while (groups.length <= number) await new Promise<void>((resolve) => (told = resolve));
    return groups[number] as (typeof groups)[number];
  };
  return { store, group, grown };
}

it("waits for those that were answered together with those that came meanwhile", async () => {
  const { store, group, grown } = heldStore();
  const send = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) await store.append(batch());
  };
  // Half of the senders come while the others are committed: without waiting they take turns for ever.
  const first = Array.from({ length: SENDERS / 2 }, () => send(3));
  const early = await group(0);
  const late = Array.from({ length: SENDERS / 2 }, () => send(3));
  expect(early.size).toBe(SENDERS / 2);
  early.answer();
  for (const number of [1, 2]) {
    const together = await group(number);
    expect(together.size).toBe(SENDERS);
    together.answer();
  }
  const last = await group(3);
  expect(last.size).toBe(SENDERS / 2);
  last.answer();
  await Promise.all([...first, ...late]);
  expect(grown).toEqual([400, 800, 800, 400]);
});

it("goes on without those that do not come again", async () => {
  const { store, group } = heldStore();
  const answered = [store.append(batch()), store.append(batch())];
  (await group(0)).answer();
  await Promise.all(answered);
  const alone = store.append(batch());
  const sent = await group(1);
  expect(sent.size).toBe(1);
  sent.answer();
  expect(await alone).toEqual({ accepted: 1, rejected: 0, message: "" });
});
