import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, connect as connectTo, createServer as createNetServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OTHER_CERT, TEST_CERT, TEST_KEY } from "../../../test/support/tls.ts";
import { ApiClient } from "./api-client.ts";

let folder: string;
let server: Server | undefined;
let seen: IncomingMessage[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-client-"));
  seen = [];
});
afterEach(async () => {
  await new Promise((done) => (server === undefined ? done(undefined) : server.close(done)));
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const authority = (text: string) => {
  const file = join(folder, "ca.pem");
  writeFileSync(file, text);
  return file;
};

/** Its port. */
async function listen(secure: boolean, answer: RequestListener): Promise<number> {
  const handle: RequestListener = (request, response) => {
    seen.push(request);
    answer(request, response);
  };
  server = secure ? createHttps({ cert: TEST_CERT, key: TEST_KEY }, handle) : createServer(handle);
  await new Promise<void>((done) => server?.listen(0, "127.0.0.1", done));
  return (server.address() as AddressInfo).port;
}

const json: RequestListener = (_request, response) =>
  response.setHeader("content-type", "application/json").end('{"a":1}');

describe("ApiClient", () => {
  it("sends the user and password of the URL, and headers", async () => {
    const port = await listen(false, json);
    const url = `http://us%40er:p%3Aw@127.0.0.1:${port}/tracing`;
    const client = new ApiClient({ url, header: [["x-key", "k"]] });
    expect(client.base).toBe(`http://127.0.0.1:${port}/tracing/`);
    expect(await client.json("api/ui/services")).toEqual({ a: 1 });
    expect(seen[0]?.url).toBe("/tracing/api/ui/services");
    const basic = `Basic ${Buffer.from("us@er:p:w").toString("base64")}`;
    expect(seen[0]?.headers).toMatchObject({ authorization: basic, "x-key": "k" });
    await client.admin("delete", { all: true });
    expect(seen[1]).toMatchObject({ method: "POST", headers: { "x-spanloom": "1", authorization: basic } });
  });

  it("trusts the authority that it is given, and names the flag where it trusts none", async () => {
    const url = `https://127.0.0.1:${await listen(true, json)}`;
    expect(await new ApiClient({ url, caFile: authority(TEST_CERT) }).json("x")).toEqual({ a: 1 });
    await expect(new ApiClient({ url }).json("x")).rejects.toThrow("--ca-file");
    await expect(new ApiClient({ url, caFile: authority(OTHER_CERT) }).json("x")).rejects.toThrow(
      "an authority that is not trusted here",
    );
    expect(() => new ApiClient({ url, caFile: join(folder, "none") })).toThrow("no such file");
  });

  it("tells plain HTTP where TLS is spoken from TLS where it is not, and both from nobody there", async () => {
    const secure = await listen(true, json);
    const plain = new ApiClient({ url: `http://127.0.0.1:${secure}` });
    await expect(plain.json("x")).rejects.toThrow(`answers with TLS alone`);
    await expect(plain.json("x")).rejects.toThrow(`--url https://127.0.0.1:${secure}`);
    await new Promise((done) => server?.close(done));
    const open = await listen(false, json);
    await expect(new ApiClient({ url: `https://127.0.0.1:${open}` }).json("x")).rejects.toThrow(`answers without TLS`);
  });

  it("tells TLS from plain HTTP also where the listener answers TLS with an alert, as a collector does", async () => {
    const port = await listen(false, json);
    const alert = Buffer.from([21, 3, 1, 0, 2, 2, 40]);
    const sniffing = createNetServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", (bytes) => {
        if (bytes[0] === 22) socket.end(alert);
        else {
          const inner = connectTo({ host: "127.0.0.1", port });
          inner.on("error", () => socket.destroy());
          inner.write(bytes);
          inner.pipe(socket);
        }
      });
    });
    await new Promise<void>((done) => sniffing.listen(0, "127.0.0.1", done));
    try {
      const url = `https://127.0.0.1:${(sniffing.address() as AddressInfo).port}`;
      await expect(new ApiClient({ url }).json("x")).rejects.toThrow(`answers without TLS (EPROTO)`);
    } finally {
      await new Promise((done) => sniffing.close(done));
    }
  });

  it("tells that something else listens there", async () => {
    const rude = createNetServer((socket) => socket.destroy());
    await new Promise<void>((done) => rude.listen(0, "127.0.0.1", done));
    try {
      const { port } = rude.address() as AddressInfo;
      await expect(new ApiClient({ url: `http://127.0.0.1:${port}` }).json("x")).rejects.toThrow(
        "broke off without an answer (ECONNRESET): something listens there",
      );
    } finally {
      await new Promise((done) => rude.close(done));
    }
  });

  it("tells credentials that are missing from those that are not taken, and from those that may not", async () => {
    let status = 401;
    const port = await listen(false, (_request, response) => {
      response.writeHead(status).end('{"error":{"code":"unauthenticated","message":"no"}}');
    });
    const url = `http://127.0.0.1:${port}`;
    const [bare, withToken] = [new ApiClient({ url }), new ApiClient({ url, token: "t" })];
    await expect(bare.json("x")).rejects.toThrow(/^no; .* wants credentials \(401\): give them as --token/);
    await expect(withToken.json("x")).rejects.toThrow(/^no; .* does not take the credentials .*\(401\): check --token/);
    status = 403;
    await expect(withToken.json("x")).rejects.toThrow(/^no; .* they may not do this \(403\)/);
    await expect(bare.json("x")).rejects.toThrow(/^no$/);
  });

  it.each([
    [401, "", "wants credentials"],
    [302, "", "leads to https://elsewhere.example/: give that address"],
    [502, "<html>", "answered 502; expected a collector's web UI"],
    [400, '{"error":{"message":"no such thing"}}', "no such thing"],
    [200, "<html>", "no JSON came"],
  ])("says what to do about %i %s", async (status, body, message) => {
    const port = await listen(false, (_request, response) => {
      response.writeHead(status, { location: "https://elsewhere.example/" }).end(body);
    });
    await expect(new ApiClient({ url: `http://127.0.0.1:${port}` }).json("x")).rejects.toThrow(message);
  });

  it("has the words of a collector that takes no spans", async () => {
    let answer: [number, string] = [503, "the data folder was removed\n"];
    const port = await listen(false, (_request, response) =>
      response.writeHead(answer[0], { "content-type": "text/plain; charset=utf-8" }).end(answer[1]),
    );
    const client = new ApiClient({ url: `http://127.0.0.1:${port}` });
    expect(await client.whyNotReady()).toBe("the data folder was removed");
    answer = [200, "ready\n"];
    expect(await client.whyNotReady()).toBeUndefined();
    answer = [404, "nothing"];
    await expect(client.whyNotReady()).rejects.toThrow("/readyz answered 404");
  });

  it("names what is not there", async () => {
    const client = new ApiClient({ url: "http://user:secret@127.0.0.1:9" });
    await expect(client.json("x")).rejects.toThrow(
      "no collector answers at http://127.0.0.1:9/ (ECONNREFUSED); start one",
    );
    await expect(client.json("x")).rejects.not.toThrow("secret");
  });
});
