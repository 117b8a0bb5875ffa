import { connect, createServer, type Server } from "node:net";
import { afterEach, expect, it } from "vitest";
import { freePort } from "../support/free-port.ts";
import { ServerProgram } from "./processes.ts";

const LISTENER = `
  const [port] = process.argv.slice(1);
  require("node:net").createServer((socket) => socket.end("mine")).listen(Number(port), "127.0.0.1");
`;

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function taken(port: number): Promise<Server> {
  const server = createServer((socket) => socket.end("another's"));
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return server;
}

const close = (server: Server): Promise<unknown> => new Promise((resolve) => server.close(resolve));

function listener(choosePort: () => Promise<number> = freePort): ServerProgram {
  const program = new ServerProgram({
    path: process.execPath,
    args: ([port]) => ["-e", LISTENER, String(port)],
    ready: async ([port]) => expect(await read(port as number)).toBe("mine"),
    choosePort,
  });
  closers.push(() => program.stop());
  return program;
}

function read(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    connect(port, "127.0.0.1")
      .on("data", (chunk) => {
        text += chunk;
      })
      .once("error", reject)
      .once("close", () => resolve(text));
  });
}

it("takes another port where another program has the first", async () => {
  const [used, free] = [await freePort(), await freePort()];
  const other = await taken(used);
  closers.push(() => close(other));
  const ports = [used, free];
  const program = listener(async () => ports.shift() as number);
  await program.start();
  expect(program.port()).toBe(free);
});

it("keeps its port when it is started again, and waits for it to become free", async () => {
  const program = listener();
  await program.start();
  const port = program.port();
  await program.stop();
  const other = await taken(port);
  const again = program.start();
  // The first attempt ends, since the port is taken; a later one finds it free.
  setTimeout(() => void close(other), 700);
  await again;
  expect(program.port()).toBe(port);
  expect(await read(port)).toBe("mine");
});

it("tells how a program ended that never starts, and what it wrote", async () => {
  const program = new ServerProgram({
    path: process.execPath,
    args: () => ["-e", "console.error('no such zone'); process.exit(3)"],
    ready: async () => false,
  });
  await expect(program.start()).rejects.toThrow(/ended with status 3; it wrote: no such zone/);
});

it("tells of a program that is not there", async () => {
  const program = new ServerProgram({ path: "/nowhere/server", args: () => [], ready: async () => false });
  await expect(program.start()).rejects.toThrow(/ENOENT/);
});
