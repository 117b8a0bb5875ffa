import { expect, it } from "vitest";
import { FollowedTlsFiles, sameBytes } from "./followed-tls-files.ts";
import { SILENT_LOGGER } from "./logger.ts";

function follow(first: () => string) {
  const logged: string[] = [];
  const taken: string[] = [];
  const told: string[] = [];
  let read = first;
  const files = new FollowedTlsFiles({
    paths: [],
    read: () => read(),
    same: (before, now) => before === now,
    setting: "x.tls",
    logger: {
      ...SILENT_LOGGER,
      info: (_message, fields) => logged.push(JSON.stringify(fields)),
      error: (_message, fields) => logged.push(String(fields?.reason)),
    },
    describe: (material) => ({ what: material }),
    taken: (material) => taken.push(material),
  });
  files.onChange((material) => told.push(material));
  const become = (next: () => string): void => {
    read = next;
    files.reload();
  };
  return { files, become, logged, taken, told };
}

it("takes up what has changed, and nothing that was only written again", () => {
  const { files, become, logged, taken, told } = follow(() => "a");
  become(() => "a");
  expect([files.material, logged, taken, told]).toEqual(["a", [], ["a"], []]);
  become(() => "b");
  expect([files.material, logged, taken, told]).toEqual(["b", ['{"setting":"x.tls","what":"b"}'], ["a", "b"], ["b"]]);
});

it("keeps what it has while the files cannot be used, and does not begin without", () => {
  const unusable = (): string => {
    throw new Error("x.tls.cert_file: no certificate");
  };
  const { files, become, logged, told } = follow(() => "a");
  become(unusable);
  become(() => "a");
  expect([files.material, logged, told]).toEqual(["a", ["x.tls.cert_file: no certificate"], []]);
  expect(() => follow(unusable)).toThrow("no certificate");
});

it("compares files that there may not be", () => {
  const [a, again, b] = [Buffer.from("a"), Buffer.from("a"), Buffer.from("b")];
  expect([sameBytes(a, again), sameBytes(undefined, undefined)]).toEqual([true, true]);
  expect([sameBytes(a, b), sameBytes(a, undefined), sameBytes(undefined, a)]).toEqual([false, false, false]);
});
