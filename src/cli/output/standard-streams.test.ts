import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { endWithOutput, outliveOutput } from "./standard-streams.ts";

function streams() {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const codes: (number | undefined)[] = [];
  endWithOutput({ stdout, stderr }, (code) => codes.push(code));
  const fail = (code: string) => stdout.emit("error", Object.assign(new Error(code), { code }));
  return { stdout, stderr, codes, fail };
}

it("a reader that has gone ends a command quietly, a full disk with a message", () => {
  const { stderr, codes, fail } = streams();
  fail("EPIPE");
  expect([codes, stderr.read()]).toEqual([[undefined], null]);
  fail("ENOSPC");
  expect(codes).toEqual([undefined, 1]);
  expect(String(stderr.read())).toBe("spanloom: stdout cannot be written: no space is left on the disk\n");
});

it("messages that nobody can read end nothing, and a collector needs no reader at all", () => {
  const { stdout, stderr, codes, fail } = streams();
  stderr.emit("error", new Error("EPIPE"));
  outliveOutput({ stdout });
  fail("EPIPE");
  expect(codes).toEqual([]);
});
