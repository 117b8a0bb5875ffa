import { afterEach, expect, it } from "vitest";
import { incoming, makeBody, range } from "../../../test/support/storage/batches.ts";
import { openFolder } from "../../../test/support/storage/open-folder.ts";
import { tempFolder } from "../../../test/support/storage/rig.ts";
import { LogReader } from "./log-reader.ts";
import type { LogSource } from "./segment-source.ts";

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

it.each([
  ["small rows many at once", 100, 1, [64, 64]],
  ["large rows a few at once", 20, 512, [8, 8, 8]],
])("fetches %s", (_, rows, spans, fetched) => {
  const temp = tempFolder();
  const { core, source, close } = openFolder(temp.path);
  cleanups.push(() => {
    close();
    temp.remove();
  });
  for (let i = 0; i < rows; i++) core.append([incoming(makeBody("s", range(1 + i * spans, spans)))]);
  const limits: number[] = [];
  const counted: LogSource = new Proxy<LogSource>(source, {
    get(target, name) {
      if (name === "blocksAfter") {
        return (...[segment, block, limit]: Parameters<LogSource["blocksAfter"]>) => {
          const heads = target.blocksAfter(segment, block, limit);
          if (heads.length > 0) limits.push(limit);
          return heads;
        };
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const reader = new LogReader(counted, { consumers: 1 });
  let at = reader.oldest();
  limits.length = 0;
  const found: number[] = [];
  for (let row = reader.takeHead(at); row !== undefined; row = reader.takeHead(at)) {
    at = row.position;
    found.push(at.block);
  }
  expect(found).toEqual(Array.from({ length: rows }, (_, i) => i + 1));
  expect(limits).toEqual(fetched);
});
