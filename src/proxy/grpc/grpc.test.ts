import { createServer as createHttps } from "node:https";
import { type AddressInfo, connect as connectTcp, createServer as createTcp } from "node:net";
import { type ClientWritableStream, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import {
  ask,
  connectTo,
  type Handlers,
  heard,
  same,
  startHttp2,
  startServer,
} from "../../../test/support/proxy/grpc-rig.ts";
import {
  attributes,
  certificate,
  echoHeaders,
  freePort,
  startProxy,
  startUpstream,
  sumOf,
} from "../../../test/support/proxy/rig.ts";
import { TEST_CERT, TEST_KEY } from "../../../test/support/tls.ts";
import { STATUS_CODE } from "../../model/span.ts";

describe.each([
  ["HTTP/2 without TLS", false],
  ["TLS", true],
])("over %s", (_how, tls) => {
  async function rig(handlers: Handlers = {}) {
    const upstream = await startServer(handlers, tls);
    const proxy = await startProxy({
      ...(tls ? { tls: certificate() } : {}),
      routes: [{ upstream: upstream.url, service: "shop", insecure_skip_verify: tls }],
    });
    return { upstream, proxy, client: connectTo(proxy) };
  }

  it("a unary call goes through, metadata both ways, and HTTP/1.1 stays what it was beside", async () => {
    let seen: Metadata | undefined;
    const { proxy, client } = await rig({
      unary: (call, done) => {
        seen = call.metadata;
        const headers = new Metadata();
        headers.set("x-head", "1");
        call.sendMetadata(headers);
        const trailers = new Metadata();
        trailers.add("x-tail", "a");
        trailers.set("x-tail-bin", Buffer.from([0, 255]));
        done(null, call.request, trailers);
      },
    });
    const metadata = new Metadata();
    metadata.add("x-many", "a");
    metadata.add("x-many", "b");
    metadata.set("x-raw-bin", Buffer.from([0, 1, 254]));
    metadata.set("traceparent", `00-${"a".repeat(32)}-${"b".repeat(16)}-01`);
    const { error, answer, headers, trailers } = await ask(client, "tea", metadata);
    expect([error, answer?.toString()]).toEqual([null, "tea"]);
    expect(headers?.get("x-head")).toEqual(["1"]);
    expect([trailers?.get("x-tail"), trailers?.get("x-tail-bin")]).toEqual([["a"], [Buffer.from([0, 255])]]);
    expect(seen?.get("x-many").join(", ")).toBe("a, b");
    expect(seen?.get("x-raw-bin")).toEqual([Buffer.from([0, 1, 254])]);
    expect(String(seen?.get("via"))).toMatch(/^2 spanloom-/);
    const [server] = await proxy.spans("server", 1);
    const [sent] = await proxy.spans("client", 1);
    expect(String(seen?.get("traceparent"))).toBe(`00-${"a".repeat(32)}-${sent?.span.spanId}-01`);
    expect([server?.span.name, server?.span.parentSpanId]).toEqual(["shop.Shop/Unary", "b".repeat(16)]);
    expect([sent?.span.name, sent?.span.parentSpanId]).toEqual(["shop.Shop/Unary", server?.span.spanId]);
    for (const record of [server, sent]) {
      expect(record?.span.status.code).toBe(STATUS_CODE.unset);
      expect(attributes(record as never)).toMatchObject({
        "rpc.system.name": "grpc",
        "rpc.method": "shop.Shop/Unary",
        "rpc.response.status_code": "OK",
        "network.protocol.version": "2",
        "server.address": "127.0.0.1",
      });
    }
    if (tls) return;
    const plain = await startUpstream(echoHeaders);
    const both = await startProxy({
      routes: [{ upstream: plain.url }, { prefix: "/shop.Shop", upstream: (await startServer()).url, service: "shop" }],
    });
    expect((await ask(connectTo(both), "tea")).answer?.toString()).toBe("tea");
    expect(((await (await fetch(`${both.url}/one`)).json()) as { url: string }).url).toBe("/one");
  });

  it("streams of the caller, of the upstream, and of both go through as they come", async () => {
    const { proxy, client } = await rig();
    const gathered = await new Promise<Buffer | undefined>((resolve) => {
      const call: ClientWritableStream<Buffer> = client.makeClientStreamRequest(
        "/shop.Shop/Gather",
        same,
        same,
        (_error, answer) => resolve(answer),
      );
      for (const part of ["a", "b", "c"]) call.write(Buffer.from(part));
      call.end();
    });
    expect(gathered?.toString()).toBe("abc");
    const spread = await heard(client.makeServerStreamRequest("/shop.Shop/Spread", same, same, Buffer.from("xyz")));
    expect(spread).toEqual({ parts: ["x", "y", "z"], code: status.OK, details: "OK" });
    const talk = client.makeBidiStreamRequest("/shop.Shop/Talk", same, same);
    const all = heard(talk);
    for (const word of ["one", "two"]) {
      const answered = new Promise((resolve) => talk.once("data", resolve));
      talk.write(Buffer.from(word));
      expect(String(await answered)).toBe(word.toUpperCase());
    }
    talk.end();
    expect(await all).toMatchObject({ parts: ["ONE", "TWO"], code: status.OK });
    const names = (await proxy.spans("server", 3)).map(({ span }) => span.name);
    expect(names).toEqual(["shop.Shop/Gather", "shop.Shop/Spread", "shop.Shop/Talk"]);
  });

  it("big messages go both ways", async () => {
    const { client } = await rig();
    const big = Buffer.alloc(24 << 20, "spanloom");
    const { error, answer } = await ask(client, big);
    expect(error).toBeNull();
    expect(answer?.equals(big)).toBe(true);
  });

  it("calls share connections, as many as the upstream allows", async () => {
    const { client } = await rig();
    const answers = await Promise.all(Array.from({ length: 300 }, (_, i) => ask(client, `${i}`)));
    expect(answers.map(({ answer }) => answer?.toString())).toEqual(Array.from({ length: 300 }, (_, i) => `${i}`));
  });
});

async function rig(handlers: Handlers, config: Partial<Parameters<typeof startProxy>[0]> = {}) {
  const upstream = await startServer(handlers);
  const proxy = await startProxy({ ...config, routes: [{ upstream: upstream.url, service: "shop" }] });
  return { upstream, proxy, client: connectTo(proxy) };
}

describe("how a call ends", () => {
  it.each([
    [status.NOT_FOUND, "NOT_FOUND", STATUS_CODE.unset],
    [status.INTERNAL, "INTERNAL", STATUS_CODE.error],
  ])("with code %i is told to the caller and in the spans", async (code, name, serverStatus) => {
    const details = "no tea: été 100%";
    const { proxy, client } = await rig({ unary: (_call, done) => done({ code, details }) });
    const { error } = await ask(client, "tea");
    expect([error?.code, error?.details]).toEqual([code, details]);
    const [server] = await proxy.spans("server", 1);
    const [sent] = await proxy.spans("client", 1);
    expect(server?.span.status.code).toBe(serverStatus);
    expect(attributes(server as never)["rpc.response.status_code"]).toBe(name);
    expect(sent?.span.status).toEqual({ code: STATUS_CODE.error, message: details });
    expect(attributes(sent as never)).toMatchObject({ "rpc.response.status_code": name, "error.type": name });
  });

  it("after some answers, with their trailers", async () => {
    const { client } = await rig({
      spread: (call) => {
        call.write(Buffer.from("one"));
        call.emit("error", { code: status.DATA_LOSS, details: "no more" });
      },
    });
    const call = client.makeServerStreamRequest("/shop.Shop/Spread", same, same, Buffer.from(""));
    expect(await heard(call)).toEqual({ parts: ["one"], code: status.DATA_LOSS, details: "no more" });
  });

  it("while the caller still sends does not wait for it", async () => {
    const { client, proxy } = await rig({
      talk: (call) => call.emit("error", { code: status.ABORTED, details: "enough" }),
    });
    const talk = client.makeBidiStreamRequest("/shop.Shop/Talk", same, same);
    talk.write(Buffer.from("one"));
    expect(await heard(talk)).toMatchObject({ code: status.ABORTED, details: "enough" });
    await proxy.spans("server", 1);
    await proxy.stop(new AbortController().signal);
  });

  it("by the caller's cancel is told to the upstream", async () => {
    let cancelled = false;
    const { proxy, client } = await rig({
      talk: (call) => {
        call.write(Buffer.from("begin"));
        call.on("cancelled", () => {
          cancelled = true;
        });
      },
    });
    const talk = client.makeBidiStreamRequest("/shop.Shop/Talk", same, same);
    talk.on("error", () => {});
    await new Promise((resolve) => talk.once("data", resolve));
    talk.cancel();
    await eventually("the cancel upstream", async () => cancelled || false);
    const [server] = await proxy.spans("server", 1);
    expect([server?.span.status.code, attributes(server as never)["rpc.response.status_code"]]).toEqual([
      STATUS_CODE.unset,
      "CANCELLED",
    ]);
    expect(attributes((await proxy.spans("client", 1))[0] as never)["error.type"]).toBe("cancelled");
    expect(sumOf(proxy.metrics, "spanloom_proxy_upstream_failures_total")).toBe(0);
  });

  it("by the caller's deadline, which the upstream is told", async () => {
    let timeout: unknown;
    let cancelled = false;
    const { client } = await rig({
      unary: (call, done) => {
        if (call.request.toString() === "first") return done(null, call.request);
        timeout = call.getDeadline();
        call.on("cancelled", () => {
          cancelled = true;
        });
      },
    });
    // The connections stand before the time begins to run.
    expect((await ask(client, "first")).error).toBeNull();
    const deadline = Date.now() + 500;
    const { error } = await ask(client, "tea", new Metadata(), { deadline });
    expect(error?.code).toBe(status.DEADLINE_EXCEEDED);
    await eventually("the cancel upstream", async () => cancelled || false);
    expect(Math.abs(Number(timeout) - deadline)).toBeLessThan(5_000);
  });

  it("by a reset of the upstream, before and in the middle of the answer", async () => {
    const { server, url } = await startHttp2();
    let breakOff = (): void => {};
    server.on("stream", (stream, headers) => {
      stream.on("error", () => {});
      if (String(headers[":path"]).endsWith("Spread")) {
        stream.respond({ ":status": 200, "content-type": "application/grpc" });
        stream.write(Buffer.from([0, 0, 0, 0, 1, 97]));
        breakOff = () => void stream.destroy(new Error("on purpose"));
      } else stream.close(11);
    });
    const proxy = await startProxy({ routes: [{ upstream: url, service: "shop" }] });
    const client = connectTo(proxy);
    const { error } = await ask(client, "tea");
    expect([error?.code, error?.details]).toEqual([
      status.RESOURCE_EXHAUSTED,
      "shop ended the call: ENHANCE_YOUR_CALM",
    ]);
    const call = client.makeServerStreamRequest("/shop.Shop/Spread", same, same, Buffer.from(""));
    call.once("data", () => breakOff());
    expect(await heard(call)).toEqual({
      parts: ["a"],
      code: status.INTERNAL,
      details: "shop ended the call: INTERNAL_ERROR",
    });
    const types = (await proxy.spans("client", 2)).map((record) => attributes(record)["error.type"]);
    expect(types).toEqual(["ENHANCE_YOUR_CALM", "INTERNAL_ERROR"]);
  });

  it("by the end of the upstream's connection, with UNAVAILABLE", async () => {
    const { server, sockets, url } = await startHttp2();
    server.on("stream", (stream) => {
      stream.on("error", () => {});
      stream.respond({ ":status": 200, "content-type": "application/grpc" });
      stream.write(Buffer.from([0, 0, 0, 0, 1, 97]));
    });
    const proxy = await startProxy({ routes: [{ upstream: url, service: "shop" }] });
    const call = connectTo(proxy).makeServerStreamRequest("/shop.Shop/Spread", same, same, Buffer.from(""));
    call.once("data", () => sockets[0]?.destroy());
    expect(await heard(call)).toEqual({
      parts: ["a"],
      code: status.UNAVAILABLE,
      details: "shop cannot be reached: it closed the connection",
    });
    const [server1] = await proxy.spans("server", 1);
    expect(attributes(server1 as never)).toMatchObject({
      "error.type": "ECONNRESET",
      "rpc.response.status_code": "UNAVAILABLE",
    });
  });

  it("by silence", async () => {
    const { proxy, client } = await rig({ unary: () => {} }, { timeouts: { tunnel_idle_ms: 60 } });
    const { error } = await ask(client, "tea");
    expect([error?.code, error?.details]).toEqual([status.UNAVAILABLE, "nothing was said within 60 ms"]);
    expect(attributes((await proxy.spans("server", 1))[0] as never)["error.type"]).toBe("timeout");
  });

  it("by the bound of what a call may send", async () => {
    const { client } = await rig({}, { limits: { body_mebibytes: 1 } });
    expect((await ask(client, Buffer.alloc(2 << 20))).error?.code).toBe(status.RESOURCE_EXHAUSTED);
  });
});

describe("an upstream", () => {
  it("that is not there is UNAVAILABLE, after every attempt, in trailers alone", async () => {
    const proxy = await startProxy({
      routes: [{ upstream: `http://127.0.0.1:${await freePort()}`, service: "shop" }],
    });
    const { error, headers } = await ask(connectTo(proxy), "tea");
    expect([error?.code, error?.details, headers]).toEqual([
      status.UNAVAILABLE,
      "shop cannot be reached: it refuses connections",
      undefined,
    ]);
    const attempts = (await proxy.spans("client", 3)).map((record) => attributes(record)["error.type"]);
    expect(attempts).toEqual(["ECONNREFUSED", "ECONNREFUSED", "ECONNREFUSED"]);
  });

  it("that says nothing is given up in time, and a connection that breaks off at once too", async () => {
    const silent = createTcp(() => {});
    const rude = createTcp((socket) => void socket.destroy());
    const ports: number[] = [];
    for (const server of [silent, rude]) {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      onTestFinished(() => void server.close());
      ports.push((server.address() as AddressInfo).port);
    }
    const cases = [
      { words: "it does not accept connections in time", connect_ms: 80 },
      { words: "it closed the connection", connect_ms: 5_000 },
    ];
    for (const [at, { words, connect_ms }] of cases.entries()) {
      const proxy = await startProxy({
        retries: 0,
        timeouts: { connect_ms },
        routes: [{ upstream: `http://127.0.0.1:${ports[at]}`, service: "shop" }],
      });
      const { error } = await ask(connectTo(proxy), "tea");
      expect([error?.code, error?.details]).toEqual([status.UNAVAILABLE, `shop cannot be reached: ${words}`]);
    }
  });

  it("whose certificate is not trusted, or that does not choose HTTP/2 by ALPN, is not talked to", async () => {
    const upstream = await startServer({}, true);
    const untrusting = await startProxy({ retries: 0, routes: [{ upstream: upstream.url, service: "shop" }] });
    expect((await ask(connectTo(untrusting), "tea")).error?.code).toBe(status.UNAVAILABLE);
    expect(attributes((await untrusting.spans("client", 1))[0] as never)["error.type"]).toMatch(/SELF_SIGNED/);
    const old = createHttps({ cert: TEST_CERT, key: TEST_KEY }, echoHeaders);
    await new Promise<void>((resolve) => old.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void old.close());
    const url = `https://127.0.0.1:${(old.address() as AddressInfo).port}`;
    const proxy = await startProxy({
      retries: 0,
      routes: [{ upstream: url, service: "shop", insecure_skip_verify: true }],
    });
    expect((await ask(connectTo(proxy), "tea")).error?.code).toBe(status.UNIMPLEMENTED);
  });

  it("that is down is passed over for another, and a call that it refuses unseen goes there too", async () => {
    const { server, url } = await startHttp2();
    server.on("stream", (stream) => stream.on("error", () => {}).close(7));
    const good = await startServer();
    const proxy = await startProxy({
      routes: [{ upstream: [`http://127.0.0.1:${await freePort()}`, url, good.url], service: "shop" }],
    });
    const { error, answer } = await ask(connectTo(proxy), "tea");
    expect([error, answer?.toString()]).toEqual([null, "tea"]);
    const clients = await proxy.spans("client", 3);
    expect(clients.map((record) => attributes(record)["error.type"])).toEqual([
      "ECONNREFUSED",
      "REFUSED_STREAM",
      undefined,
    ]);
    expect(attributes(clients[2] as never)["http.request.resend_count"]).toBe(2);
  });

  it("that leaves with GOAWAY gets its refused calls on a new connection, and finishes the others", async () => {
    const { server, sessions, url } = await startHttp2();
    const bodies: string[] = [];
    let held: (() => void) | undefined;
    server.on("stream", (stream) => {
      stream.on("error", () => {});
      const answer = (): void => {
        stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
        stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
        stream.end(Buffer.from([0, 0, 0, 0, 1, 97]));
      };
      let body = "";
      stream.on("data", (chunk: Buffer) => {
        body += chunk.subarray(5).toString();
      });
      stream.on("end", () => {
        bodies.push(body);
        if (body === "first") held = answer;
        else if (sessions.length === 1) {
          // Neither the response nor the end of the first is there yet. This second stream was not looked at.
          sessions[0]?.goaway(0, 1);
        } else answer();
      });
    });
    const proxy = await startProxy({ routes: [{ upstream: url, service: "shop" }] });
    const client = connectTo(proxy);
    const first = ask(client, "first");
    await eventually("the first call upstream", async () => held !== undefined || false);
    const second = await ask(client, "second");
    expect([second.error, second.answer?.toString()]).toEqual([null, "a"]);
    held?.();
    expect((await first).error).toBeNull();
    expect([bodies, sessions.length]).toEqual([["first", "second", "second"], 2]);
  });

  it("that restarts is found again", async () => {
    const upstream = await startServer();
    const proxy = await startProxy({ routes: [{ upstream: upstream.url, service: "shop" }] });
    const client = connectTo(proxy);
    expect((await ask(client, "one")).error).toBeNull();
    upstream.server.forceShutdown();
    await startServer({}, false, upstream.port);
    expect((await ask(client, "two")).answer?.toString()).toBe("two");
  });

  it("keeps one connection for calls after another, and loses it when nobody calls", async () => {
    const { server, sessions, url } = await startHttp2();
    server.on("stream", (stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "5" }, { endStream: true });
    });
    const patient = connectTo(await startProxy({ routes: [{ upstream: url, service: "shop" }] }));
    for (let i = 0; i < 3; i++) expect((await ask(patient, "tea")).error?.code).toBe(status.NOT_FOUND);
    expect(sessions).toHaveLength(1);
    const hasty = await startProxy({ timeouts: { idle_ms: 100 }, routes: [{ upstream: url, service: "shop" }] });
    const client = connectTo(hasty);
    expect((await ask(client, "tea")).error?.code).toBe(status.NOT_FOUND);
    await eventually("the end of the idle connection", async () => sessions[1]?.destroyed || false);
    expect((await ask(client, "tea")).error?.code).toBe(status.NOT_FOUND);
    expect(sessions).toHaveLength(3);
  });

  it("that hangs under a call is noticed by a PING", async () => {
    const { server, url } = await startHttp2();
    let hangs = false;
    server.on("stream", (stream) => {
      stream.on("error", () => {});
      hangs = true;
    });
    // Between the two the connection stands, and nobody is there.
    const between = createTcp((socket) => {
      const to = connectTcp(Number(new URL(url).port), "127.0.0.1");
      socket.on("error", () => {}).on("data", (bytes) => hangs || to.write(bytes));
      to.on("error", () => {}).on("data", (bytes) => hangs || socket.write(bytes));
      socket.once("close", () => to.destroy());
    });
    await new Promise<void>((resolve) => between.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void between.close());
    const proxy = await startProxy({
      timeouts: { idle_ms: 60, connect_ms: 500 },
      routes: [{ upstream: `http://127.0.0.1:${(between.address() as AddressInfo).port}`, service: "shop" }],
    });
    const { error } = await ask(connectTo(proxy), "tea", new Metadata(), { deadline: Date.now() + 8_000 });
    expect([error?.code, error?.details]).toEqual([
      status.UNAVAILABLE,
      "shop cannot be reached: it does not answer in time",
    ]);
  });
});

describe("the proxy", () => {
  it("slows a caller down to an upstream that does not read", async () => {
    const { server, url } = await startHttp2();
    server.on("stream", (stream) => void stream.on("error", () => {}).pause());
    const proxy = await startProxy({ routes: [{ upstream: url, service: "shop" }] });
    const talk = connectTo(proxy).makeBidiStreamRequest("/shop.Shop/Talk", same, same);
    talk.on("error", () => {});
    let written = 0;
    let stuck = false;
    while (!stuck && written < 64) {
      const flushed = new Promise<void>((resolve) => talk.write(Buffer.alloc(1 << 20), () => resolve()));
      stuck = await Promise.race([
        flushed.then(() => false),
        new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 500)),
      ]);
      written++;
    }
    expect(written).toBeLessThan(16);
    talk.cancel();
  });

  it("lets calls finish when it stops, and ends the rest when it is hurried", async () => {
    const { proxy, client } = await rig({});
    const talk = client.makeBidiStreamRequest("/shop.Shop/Talk", same, same);
    const all = heard(talk);
    const answered = new Promise((resolve) => talk.once("data", resolve));
    talk.write(Buffer.from("one"));
    await answered;
    const stopping = proxy.stop(new AbortController().signal);
    talk.write(Buffer.from("two"));
    talk.end();
    expect(await all).toMatchObject({ parts: ["ONE", "TWO"], code: status.OK });
    await stopping;
    const again = await rig({});
    const endless = again.client.makeBidiStreamRequest("/shop.Shop/Talk", same, same);
    const end = heard(endless);
    const begun = new Promise((resolve) => endless.once("data", resolve));
    endless.write(Buffer.from("one"));
    await begun;
    await again.proxy.stop(AbortSignal.timeout(50));
    expect((await end).code).not.toBe(status.OK);
  });

  it("keeps a caller's connection under a silent call", async () => {
    const { proxy, client } = await rig({}, { timeouts: { keep_alive_ms: 40 } });
    const talk = client.makeBidiStreamRequest("/shop.Shop/Talk", same, same);
    const all = heard(talk);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect((await ask(client, "tea")).error).toBeNull();
    talk.end();
    expect((await all).code).toBe(status.OK);
    const ports = (await proxy.spans("server", 2)).map((record) => attributes(record)["network.peer.port"]);
    expect(new Set(ports).size).toBe(1);
  });

  it("sends a call on below the prefix that is stripped, and names no span after a path that is no method", async () => {
    const upstream = await startServer();
    const proxy = await startProxy({
      routes: [{ prefix: "/api", strip_prefix: true, upstream: upstream.url, service: "shop" }],
    });
    const call = (path: string): Promise<[ServiceError | null, string | undefined]> =>
      new Promise((resolve) => {
        connectTo(proxy).makeUnaryRequest(path, same, same, Buffer.from("tea"), (error, answer) =>
          resolve([error, answer?.toString()]),
        );
      });
    expect(await call("/api/shop.Shop/Unary")).toEqual([null, "tea"]);
    expect((await call("/api/a/b/c"))[0]?.code).toBe(status.UNIMPLEMENTED);
    const [named, other] = await proxy.spans("server", 2);
    expect([named?.span.name, other?.span.name]).toEqual(["shop.Shop/Unary", "grpc"]);
    expect(attributes(other as never)).toMatchObject({ "rpc.method": "_OTHER", "rpc.method_original": "/a/b/c" });
  });

  it("says in gRPC's words that no route takes a call", async () => {
    const upstream = await startServer();
    const proxy = await startProxy({ routes: [{ prefix: "/other.Other", upstream: upstream.url }] });
    const { error } = await ask(connectTo(proxy), "tea");
    expect([error?.code, error?.details]).toEqual([status.UNIMPLEMENTED, "no route takes /shop.Shop/Unary"]);
    expect(sumOf(proxy.metrics, "spanloom_proxy_refused_total", { reason: "no_route" })).toBe(1);
  });
});
