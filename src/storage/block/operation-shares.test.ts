import { afterEach, expect, it } from "vitest";
import { serviceWith, spanWith } from "../../../test/support/otlp-spans.ts";
import { incoming } from "../../../test/support/storage/batches.ts";
import { openFolder } from "../../../test/support/storage/open-folder.ts";
import { tempFolder } from "../../../test/support/storage/rig.ts";
import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import { OPERATION_LIMITS } from "../log/schema.ts";
import { OperationShares } from "./operation-shares.ts";

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

it("gives every service its share, and places back", () => {
  const shares = new OperationShares({ all: 5, ofService: 3 });
  const take = (...services: string[]) => services.map((service, i) => shares.take(service, `op-${i}`, 1));
  expect(take("a", "a", "a", "a")).toEqual(["new", "new", "new", "refused"]);
  expect(take("a", "a")).toEqual(["known", "known"]);
  expect(take("b", "c", "d")).toEqual(["new", "new", "refused"]);
  shares.giveBack("a", "op-1", 1);
  shares.giveBack("a", "op-1", 1);
  expect(shares.size).toBe(4);
  expect(shares.take("a", "other", 1)).toBe("new");
});

it("one service that puts ids into span names leaves room in the lists for all others, and is counted", () => {
  const temp = tempFolder();
  const { core, source, host, close } = openFolder(temp.path);
  cleanups.push(() => {
    close();
    temp.remove();
  });
  const { ofService } = OPERATION_LIMITS;
  const names = Array.from({ length: ofService + 700 }, (_, i) => spanWith({ name: `GET /users/${i}` }));
  core.append([incoming(encodeTraces([serviceWith("noisy", names)]))]);
  expect(source.operationCount(1)).toBe(ofService);
  core.append([incoming(encodeTraces([serviceWith("cart", [spanWith({ name: "pay" }), spanWith({ name: "ship" })])]))]);
  const { operations, complete } = source.operations(1);
  expect(operations.filter(({ service }) => service === "noisy")).toHaveLength(ofService);
  expect(operations.filter(({ service }) => service === "cart").map(({ name }) => name)).toEqual(["pay", "ship"]);
  expect(complete).toBe(false);
  expect(source.operationCount(1)).toBe(ofService + 2);
  const unlisted = host.metrics
    .snapshot()
    .find(({ name }) => name === "spanloom_storage_unlisted_operations_total")?.value;
  expect(unlisted).toBe(700);
});
