import { createServer, type Server } from "node:net";
import { afterEach, expect, it } from "vitest";
import { recordingHost } from "../../test/support/host.ts";
import { EXPORT_PATH, grpcCall, grpcClient, type ReceiverRig, startReceiver } from "../../test/support/receiver-rig.ts";
import { describeWhere } from "../../test/support/requires.ts";
import { listenOnEach, wantedAddresses } from "./listen-addresses.ts";

let rig: ReceiverRig | undefined;
const others: Server[] = [];
afterEach(async () => {
  await rig?.close();
  rig = undefined;
  for (const other of others.splice(0)) other.close();
});

/** A program on a free port of the address; undefined where the machine has no such address. */
function otherProgram(host: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(0, host, () => {
      others.push(server);
      resolve((server.address() as { port: number }).port);
    });
  });
}

const post = (base: string) =>
  fetch(`${base}/v1/traces`, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });

const hasIpv6 = (await otherProgram("::1")) !== undefined;

describeWhere(hasIpv6, "this machine has no ::1", "both families of loopback", () => {
  it.each(["127.0.0.1:0", "localhost:0"])("answer for %s, over HTTP and gRPC", async (endpoint) => {
    const host = recordingHost();
    rig = await startReceiver({ http: { endpoint }, grpc: { endpoint }, logger: host.logger });
    const { http, grpc } = rig.receiver.addresses;
    // On a free port either family may find the other's port taken.
    const missing = host.lines.filter(({ level }) => level === "debug").map(({ fields }) => fields?.at);
    expect(http?.host).toBe("127.0.0.1");
    expect((await post(`http://127.0.0.1:${http?.port}`)).status).toBe(200);
    if (!missing.includes(`[::1]:${http?.port}`)) expect((await post(`http://[::1]:${http?.port}`)).status).toBe(200);
    for (const address of [`127.0.0.1:${grpc?.port}`, `[::1]:${grpc?.port}`]) {
      if (missing.includes(address)) continue;
      const client = grpcClient(address);
      expect((await grpcCall(client, EXPORT_PATH, Uint8Array.of(10, 0))).error).toBeUndefined();
      client.close();
    }
  });

  it("are let go together", async () => {
    rig = await startReceiver();
    const port = rig.receiver.addresses.http?.port;
    await rig.close();
    for (const address of ["127.0.0.1", "[::1]"]) await expect(post(`http://${address}:${port}`)).rejects.toThrow();
  });

  it("are one where another program has the port of the other, which the log says", async () => {
    const port = await otherProgram("::1");
    const host = recordingHost();
    rig = await startReceiver({ http: { endpoint: `127.0.0.1:${port}` }, logger: host.logger });
    expect((await post(`http://127.0.0.1:${port}`)).status).toBe(200);
    expect(host.lines).toContainEqual(
      expect.objectContaining({
        level: "warn",
        message: expect.stringContaining("another program"),
        fields: { at: `[::1]:${port}` },
      }),
    );
  });

  it("are named one by one in a list", async () => {
    rig = await startReceiver({ http: { endpoint: ["[::1]:0", "127.0.0.2:0"] } });
    expect(rig.receiver.addresses.http?.host).toBe("::1");
    expect((await post(`http://[::1]:${rig.receiver.addresses.http?.port}`)).status).toBe(200);
  });
});

it("leaves nothing open where a later address of a list cannot be had", async () => {
  const [taken, free] = [await otherProgram("127.0.0.1"), await otherProgram("127.0.0.1")];
  others.pop()?.close();
  const endpoint = [`127.0.0.1:${free}`, `127.0.0.1:${taken}`];
  await expect(startReceiver({ http: { endpoint } })).rejects.toThrow(/cannot listen on 127\.0\.0\.1:\d+: the port is/);
  await expect(post(`http://127.0.0.1:${free}`)).rejects.toThrow();
});

it("implies IPv6's loopback for IPv4's, unless it is named", () => {
  const texts = (setting: string | string[]) =>
    wantedAddresses(setting).map(({ endpoint, implied }) => `${endpoint.host} ${endpoint.port} ${implied}`);
  expect(texts("localhost:1")).toEqual(["127.0.0.1 1 false", "::1 1 true"]);
  expect(texts(["127.0.0.1:1", "[::1]:1"])).toEqual(["127.0.0.1 1 false", "::1 1 false"]);
  expect(texts([":1", "10.0.0.1:2"])).toEqual(["0.0.0.0 1 false", "10.0.0.1 2 false"]);
});

it("is content with IPv4 on a machine without IPv6", async () => {
  const host = recordingHost();
  const open = async (endpoint: { host: string; port: number }) => {
    if (endpoint.host === "::1") throw Object.assign(new Error("no"), { cause: { code: "EADDRNOTAVAIL" } });
    return endpoint;
  };
  const bound = await listenOnEach(wantedAddresses("127.0.0.1:4318"), open, host.logger);
  expect(bound).toEqual([{ host: "127.0.0.1", port: 4318 }]);
  expect(host.lines.map(({ level }) => level)).toEqual(["debug"]);
});
