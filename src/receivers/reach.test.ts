import { once } from "node:events";
import { request } from "node:http";
import { connect, constants } from "node:http2";
import { afterEach, describe, expect, it } from "vitest";
import { recordingHost } from "../../test/support/host.ts";
import { type ReceiverRig, startReceiver } from "../../test/support/receiver-rig.ts";

let rig: ReceiverRig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A request with any headers, also those that `fetch` keeps to itself. */
function send(base: string, headers: Record<string, string>, method = "POST", path = "/v1/traces"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(`${base}${path}`, { method, headers, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    sent.on("error", reject).end(method === "POST" ? "{}" : undefined);
  });
}

const JSON_TYPE = { "content-type": "application/json" };

describe("the names of a listener on loopback", () => {
  it.each(["host.docker.internal:4318", "gateway.docker.internal", "host.containers.internal:4318"])(
    "are %s too",
    async (host) => {
      rig = await startReceiver();
      expect(await send(rig.http, { ...JSON_TYPE, host })).toMatchObject({ status: 200 });
    },
  );

  it("are told to whoever uses another, which the log has once for each", async () => {
    const host = recordingHost();
    rig = await startReceiver({ logger: host.logger });
    for (const name of ["a.example:1", "a.example:2", "b.example"]) {
      const { status, body } = await send(rig.http, { ...JSON_TYPE, host: name });
      expect(status).toBe(421);
      expect(body).toContain("receivers.otlp.protocols.http.allowed_hosts");
    }
    const told = host.lines.filter(({ level }) => level === "warn");
    expect(told.map(({ fields }) => fields?.about)).toEqual(["a.example", "b.example"]);
    expect(told[0]?.fields).toMatchObject({ reason: "host", answer: expect.stringContaining("allowed_hosts") });
  });
});

describe("a page on this machine", () => {
  const origin = "http://localhost:5173";

  it("is told by a preflight that it may send, with credentials", async () => {
    rig = await startReceiver();
    const asked = { origin, "access-control-request-method": "POST", "access-control-request-headers": "content-type" };
    expect(await send(rig.http, asked, "OPTIONS")).toMatchObject({
      status: 204,
      headers: {
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "POST",
      },
    });
  });

  it.each(["application/json", "text/plain;charset=UTF-8"])("has its spans taken as %s", async (type) => {
    rig = await startReceiver();
    expect(await send(rig.http, { origin, "content-type": type })).toMatchObject({
      status: 200,
      headers: {
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "content-type": "application/json",
      },
    });
    expect(rig.sink.batches[0]?.format).toBe("otlp_json");
  });

  it("is refused like any other where the listener is reached from elsewhere, or origins are named", async () => {
    rig = await startReceiver({ http: { cors: { allowed_origins: ["https://app.example"] } } });
    const { status, body } = await send(rig.http, { origin, ...JSON_TYPE });
    expect(status).toBe(403);
    expect(body).toContain("receivers.otlp.protocols.http.cors.allowed_origins");
  });
});

it("takes text/plain of pages alone", async () => {
  rig = await startReceiver();
  expect(await send(rig.http, { "content-type": "text/plain" })).toMatchObject({ status: 415 });
  expect(await send(rig.http, { "content-type": "text/plain", origin: "https://evil.example" })).toMatchObject({
    status: 403,
  });
  expect(rig.sink.batches).toEqual([]);
});

it("writes one warning for 1,800 refused requests of a kind, with what they were told", async () => {
  const host = recordingHost();
  rig = await startReceiver({ logger: host.logger });
  for (let round = 0; round < 18; round++) {
    const base = rig.http;
    await Promise.all(Array.from({ length: 100 }, () => send(base, { "content-type": "text/html" })));
  }
  const told = () => host.lines.filter(({ level }) => level === "warn");
  expect(told()).toEqual([
    expect.objectContaining({
      fields: expect.objectContaining({
        reason: "unsupported_media_type",
        answer: expect.stringContaining('Content-Type "text/html" is not supported'),
      }),
    }),
  ]);
  await rig.close();
  expect(told()[1]?.fields).toMatchObject({ reason: "unsupported_media_type", count: 1_799 });
  expect(told()).toHaveLength(2);
});

it("tells gRPC on the port of HTTP which port is right, and the log", async () => {
  const host = recordingHost();
  rig = await startReceiver({ logger: host.logger });
  const session = connect(rig.http);
  session.on("error", () => {});
  const [code, , data] = (await once(session, "goaway")) as [number, number, Buffer];
  session.destroy();
  const port = rig.receiver.addresses.grpc?.port;
  expect(code).toBe(constants.NGHTTP2_HTTP_1_1_REQUIRED);
  expect(data.toString()).toContain(`send that to port ${port}`);
  expect(host.lines.filter(({ level }) => level === "warn").map(({ fields }) => fields)).toEqual([
    { reason: "wrong_port", answer: data.toString() },
  ]);
  expect(rig.count("spanloom_receiver_refused_requests_total", { reason: "wrong_port", transport: "http" })).toBe(1);
});

it("tells health on the port of OTLP/HTTP", async () => {
  let reason: string | undefined;
  rig = await startReceiver({ notReady: () => reason });
  const ask = async (path: string, method = "GET") => {
    const response = await fetch(`${rig?.http}${path}`, { method });
    return [response.status, await response.text()];
  };
  expect(await ask("/readyz")).toEqual([200, "ready\n"]);
  reason = "the disk is full";
  expect(await ask("/readyz")).toEqual([503, "the disk is full\n"]);
  expect(await ask("/readyz", "HEAD")).toEqual([503, ""]);
  expect(await ask("/healthz")).toEqual([200, "ok\n"]);
  expect((await ask("/healthz", "POST"))[0]).toBe(404);
  expect(rig.count("spanloom_receiver_refused_requests_total")).toBe(1);
});
