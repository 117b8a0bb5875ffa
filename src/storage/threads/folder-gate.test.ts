import { once } from "node:events";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Compiled, compileThreads } from "../../../test/support/storage/compiled.ts";
import { FolderGate } from "./folder-gate.ts";

let compiled: Compiled;
beforeAll(async () => {
  compiled = await compileThreads(["src/storage/threads/folder-gate.ts"]);
});
afterAll(() => compiled.remove());

/** A thread that says `loaded`, waits at the gate, and says `passed`. */
function reader(memory: SharedArrayBuffer): { worker: Worker; heard: string[] } {
  const module = pathToFileURL(compiled.file("src/storage/threads/folder-gate.ts")).href;
  const code = `
    import(${JSON.stringify(module)}).then(({ FolderGate }) => {
      const { workerData, parentPort } = require("node:worker_threads");
      parentPort.postMessage("loaded");
      new FolderGate(workerData).wait();
      parentPort.postMessage("passed");
    });`;
  const worker = new Worker(code, { eval: true, workerData: memory });
  const heard: string[] = [];
  worker.on("message", (text: string) => heard.push(text));
  return { worker, heard };
}

it("lets nobody pass before it is open, and everybody afterwards", async () => {
  const memory = FolderGate.allocate();
  const early = reader(memory);
  await once(early.worker, "message");
  await new Promise((done) => setTimeout(done, 50));
  expect(early.heard).toEqual(["loaded"]);
  new FolderGate(memory).open();
  await once(early.worker, "exit");
  expect(early.heard).toEqual(["loaded", "passed"]);
  const late = reader(memory);
  await once(late.worker, "exit");
  expect(late.heard).toEqual(["loaded", "passed"]);
});

it("does not keep a thread that is to end", async () => {
  const { worker, heard } = reader(FolderGate.allocate());
  await once(worker, "message");
  await worker.terminate();
  expect(heard).toEqual(["loaded"]);
});
