import { Agent, get } from "node:http";
import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import { testHost } from "../../test/support/host.ts";
import { EXPORT_PATH, grpcCall, grpcClient, RecordingSink, startReceiver } from "../../test/support/receiver-rig.ts";
import { PermanentError } from "../component/errors.ts";
import { InFlightBudget } from "../server/limits/in-flight.ts";
import { otlpReceiver } from "./otlp.ts";

const BODY = Uint8Array.of(10, 0);
const PROTO = { "content-type": "application/x-protobuf" };

function create(protocols: unknown) {
  const config = otlpReceiver.config.parse({ protocols });
  return otlpReceiver.create({ name: "otlp", sink: new RecordingSink(), inFlight: new InFlightBudget() }, config);
}

describe("config", () => {
  it("runs both protocols on loopback by default", () => {
    expect(otlpReceiver.config.parse({})).toMatchObject({
      protocols: {
        grpc: { enabled: true, endpoint: "127.0.0.1:4317" },
        http: { enabled: true, endpoint: "127.0.0.1:4318" },
      },
    });
  });

  it.each(["grpc", "http"] as const)("keeps %s on when only the other is named", (name) => {
    const other = name === "grpc" ? "http" : "grpc";
    const { protocols } = otlpReceiver.config.parse({ protocols: { [other]: { endpoint: "127.0.0.1:0" } } });
    expect(protocols[name]).toEqual(otlpReceiver.config.parse({}).protocols[name]);
    expect(otlpReceiver.config.parse({ protocols: { [name]: null } }).protocols[other]?.enabled).toBe(true);
  });

  it("names an unknown key", () => {
    const result = otlpReceiver.config.safeParse({ protocols: { http: { endpont: "x" } } });
    expect(result.error?.issues[0]).toMatchObject({ code: "unrecognized_keys", keys: ["endpont"] });
  });

  it.each(["4318", "http://127.0.0.1:4318", "127.0.0.1:99999", "[1.2.3.4]:1", "::1:4318", ""])(
    "refuses the endpoint %j and says what is expected",
    (endpoint) => {
      const result = otlpReceiver.config.safeParse({ protocols: { http: { endpoint } } });
      expect(result.error?.issues[0]?.message).toContain("expected host:port");
    },
  );

  it("refuses a receiver without a protocol", () => {
    const off = { enabled: false };
    const result = otlpReceiver.config.safeParse({ protocols: { grpc: off, http: off } });
    expect(result.error?.issues[0]?.message).toContain("names no protocol");
  });

  it("runs one protocol where the other is turned off", async () => {
    const receiver = create({ http: { endpoint: "127.0.0.1:0" }, grpc: { enabled: false } });
    await receiver.start(testHost());
    expect(receiver.addresses.grpc).toBeUndefined();
    expect(receiver.addresses.http).toMatchObject({ host: "127.0.0.1", port: expect.any(Number) });
    await receiver.shutdown(AbortSignal.timeout(1_000));
  });
});

describe("a taken port", () => {
  it.each(["http", "grpc"] as const)(
    "is named with the setting that changes it, and nothing is left open: %s",
    async (taken) => {
      const blocker = createServer();
      await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
      const port = (blocker.address() as { port: number }).port;
      const other = taken === "http" ? "grpc" : "http";
      const receiver = create({ [taken]: { endpoint: `127.0.0.1:${port}` }, [other]: { endpoint: "127.0.0.1:0" } });
      const error = await receiver.start(testHost()).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(PermanentError);
      expect(error).toMatchObject({ code: "listen_failed" });
      const { message } = error as Error;
      expect(message).toContain(`127.0.0.1:${port}`);
      expect(message).toContain("the port is taken, most likely by an OpenTelemetry Collector");
      expect(message).toContain(`receivers.otlp.protocols.${taken}.endpoint`);
      expect(receiver.addresses).toEqual({});
      await new Promise((resolve) => blocker.close(resolve));
    },
  );

  it("is not the only reason: an address of another machine", async () => {
    const error = await create({ http: { endpoint: "192.0.2.1:4318" }, grpc: { enabled: false } })
      .start(testHost())
      .catch((reason: unknown) => reason);
    expect((error as Error).message).toContain("192.0.2.1 is no address of this machine");
  });
});

describe("shutdown", () => {
  it("is safe without start, and twice", async () => {
    const receiver = create({});
    await receiver.shutdown(AbortSignal.timeout(100));
    await receiver.shutdown(AbortSignal.timeout(100));
  });

  it("finishes what was taken and closes idle connections", async () => {
    const rig = await startReceiver();
    const idle = new Agent({ keepAlive: true });
    await new Promise<void>((resolve) => {
      get(`${rig.http}/`, { agent: idle }, (response) => response.resume().on("end", resolve));
    });
    const client = grpcClient(rig.grpc);
    let commit = (): void => {};
    const committed = new Promise<void>((resolve) => {
      commit = resolve;
    });
    rig.sink.answer = async () => {
      await committed;
      return { accepted: 1, rejected: 0, message: "" };
    };
    const overHttp = fetch(`${rig.http}/v1/traces`, { method: "POST", body: BODY, headers: PROTO });
    const overGrpc = grpcCall(client, EXPORT_PATH, BODY);
    await eventually(() => rig.sink.batches.length >= 2);
    const down = rig.receiver.shutdown(AbortSignal.timeout(5_000));
    const late = await fetch(`${rig.http}/v1/traces`, { method: "POST", body: BODY, headers: PROTO }).catch(
      () => "refused",
    );
    expect(late).toBe("refused");
    commit();
    expect((await overHttp).status).toBe(200);
    expect((await overGrpc).error).toBeUndefined();
    await down;
    client.close();
    idle.destroy();
  });

  it("cuts what does not end when the signal aborts", async () => {
    const rig = await startReceiver();
    rig.sink.answer = () => new Promise(() => {});
    const client = grpcClient(rig.grpc);
    const overHttp = fetch(`${rig.http}/v1/traces`, { method: "POST", body: BODY, headers: PROTO }).catch(() => "cut");
    const overGrpc = grpcCall(client, EXPORT_PATH, BODY);
    await eventually(() => rig.sink.batches.length >= 2);
    await rig.receiver.shutdown(AbortSignal.timeout(50));
    expect(await overHttp).toBe("cut");
    expect((await overGrpc).error?.code).toBeGreaterThan(0);
    client.close();
  });
});
