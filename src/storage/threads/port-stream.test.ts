import { once } from "node:events";
import { MessageChannel } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import { PortStream } from "./port-stream.ts";

const open: PortStream[] = [];
afterEach(() => {
  for (const stream of open.splice(0)) stream.destroy();
});

function pair(): [PortStream, PortStream] {
  const { port1, port2 } = new MessageChannel();
  const streams: [PortStream, PortStream] = [new PortStream(port1, "127.0.0.1"), new PortStream(port2, "127.0.0.1")];
  open.push(...streams);
  return streams;
}

/** What is read until the end; `stream/consumers` would destroy a stream that can still be written. */
async function text(stream: PortStream): Promise<string> {
  let read = "";
  stream.setEncoding("utf8").on("data", (chunk: string) => {
    read += chunk;
  });
  await once(stream, "end");
  return read;
}

const turns = () => new Promise((resolve) => setTimeout(resolve, 20));

describe("PortStream", () => {
  it("carries bytes both ways and ends each way by itself", async () => {
    const [here, there] = pair();
    const [received, answered] = [text(there), text(here)];
    here.write("a question, ");
    here.end("in two parts");
    expect(await received).toBe("a question, in two parts");
    there.end("an answer");
    expect(await answered).toBe("an answer");
    await Promise.all([here, there].map(async (stream) => stream.closed || (await once(stream, "close"))));
  });

  it("leaves what was written to it as it was", async () => {
    const [here, there] = pair();
    const bytes = Buffer.from("one of a pool's many slices");
    here.end(bytes);
    expect(await text(there)).toBe(bytes.toString());
    expect(bytes.toString()).toBe("one of a pool's many slices");
  });

  it("holds the writer up while nobody reads", async () => {
    const [here, there] = pair();
    const chunk = Buffer.alloc(16 * 1024, 1);
    let written = 0;
    for (let i = 0; i < 100; i++) here.write(chunk, () => written++);
    await turns();
    expect(written).toBeLessThan(10);
    there.resume();
    here.end();
    await once(there, "end");
    expect(written).toBe(100);
  });

  it("gives what was sent before an end, though the other side is gone", async () => {
    const [here, there] = pair();
    here.end("last words");
    await once(here, "finish");
    await turns();
    here.destroy();
    await turns();
    expect(await text(there)).toBe("last words");
    there.end("nobody hears this");
    await once(there, "close");
    expect(there.errored).toBeNull();
  });

  it("fails where the other side goes without an end", async () => {
    const [here, there] = pair();
    here.write("half of");
    there.on("data", () => here.destroy());
    await expect(once(there, "end")).rejects.toThrow("the other thread closed the stream");
  });
});
