import { connect, type Socket } from "node:net";
import createRouter from "router";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import { serve } from "../../test/support/query/serve.ts";
import { RetryableError } from "../component/errors.ts";
import type { ViewHost, ViewResult } from "../component/read.ts";
import { AnswerBounds, type AnswerLimits, DEFAULT_ANSWER_LIMITS } from "./answer-bounds.ts";
import { viewHandler } from "./http.ts";
import { piecedAnswer } from "./pieced-answer.ts";

const MIB = 1 << 20;

async function server(view: ViewHost["view"], limits: Partial<AnswerLimits> = {}): Promise<string> {
  const bounds = new AnswerBounds({ ...DEFAULT_ANSWER_LIMITS, ...limits });
  const router = createRouter();
  router.get(
    "/:view",
    viewHandler(
      { view },
      (status, code, message) => JSON.stringify({ status, code, message }),
      (_params, request) => ({ view: String(request.params.view), params: {} }),
      bounds,
    ),
  );
  const served = await serve(router);
  onTestFinished(() => served.close());
  return served.url;
}

/** Asks, and reads nothing of the answer. */
function deaf(url: string, view = "v"): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).on("error", () => {});
  socket.pause().write(`GET /${view} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  onTestFinished(() => void socket.destroy());
  return socket;
}

interface Made {
  pieces: number;
  ended: boolean;
}

/** An answer of so many pieces; each is a megabyte. */
function pieced(count: number, made: Made): () => Promise<ViewResult> {
  return async () => {
    const answer = await piecedAnswer(
      "text/plain",
      (async function* () {
        for (; made.pieces < count; made.pieces++) yield new Uint8Array(MIB).fill(97);
        return new Uint8Array(0);
      })(),
    );
    void answer.rest?.ended.then(() => {
      made.ended = true;
    });
    return answer;
  };
}

const whole = (bytes: number) => async (): Promise<ViewResult> => ({
  status: 200,
  contentType: "text/plain",
  body: new Uint8Array(bytes).fill(97),
});

describe("an answer in pieces", () => {
  it("comes whole to who reads", async () => {
    const made = { pieces: 0, ended: false };
    const answer = await fetch(`${await server(pieced(20, made))}/v`);
    expect((await answer.text()).length).toBe(20 * MIB);
    expect(answer.headers.get("content-length")).toBeNull();
    await eventually("its end", async () => made.ended);
  });

  it("is compressed for clients elsewhere", async () => {
    const made = { pieces: 0, ended: false };
    const answer = await fetch(`${await server(pieced(3, made))}/v`, {
      headers: { "accept-encoding": "gzip", "x-forwarded-for": "192.0.2.7" },
    });
    expect(answer.headers.get("content-encoding")).toBe("gzip");
    expect((await answer.text()).length).toBe(3 * MIB);
  });

  it("is made no faster than it is read, and its reader is cut off who does not read", async () => {
    const made = { pieces: 0, ended: false };
    const url = await server(pieced(200, made), { writeMs: 150 });
    const socket = deaf(url);
    await eventually("the reader to be cut off", async () => made.ended);
    // What the system keeps for a connection of this machine is a few megabytes.
    expect(made.pieces).toBeLessThan(40);
    socket.resume();
    await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  });

  it("ends with the client that goes away", async () => {
    const made = { pieces: 0, ended: false };
    const socket = deaf(await server(pieced(200, made)));
    await eventually("pieces", async () => made.pieces > 0);
    socket.destroy();
    await eventually("its end", async () => made.ended);
  });

  it("that cannot go on breaks off", async () => {
    const url = await server(() =>
      piecedAnswer(
        "text/plain",
        (async function* () {
          yield new Uint8Array(10).fill(97);
          throw new RetryableError("storage_unavailable", "the disk is gone");
        })(),
      ),
    );
    const answer = await fetch(`${url}/v`);
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow();
  });
});

describe("answers that are not read", () => {
  it("are bounded together: 429 with Retry-After, until one is gone", async () => {
    const url = await server(whole(20 * MIB), { heldBytes: 50 * MIB });
    const first = deaf(url);
    const second = deaf(url);
    await eventually("no more room", async () => {
      const answer = await fetch(`${url}/v`);
      await answer.body?.cancel();
      return answer.status === 429 && answer.headers.get("retry-after") === "1";
    });
    first.destroy();
    second.destroy();
    await eventually("room", async () => {
      const answer = await fetch(`${url}/v`);
      return answer.status === 200 && (await answer.arrayBuffer()).byteLength === 20 * MIB;
    });
  });

  it("are cut off after the time for a piece, large ones and those of one piece", async () => {
    const url = await server(whole(20 * MIB), { writeMs: 150, heldBytes: 10 * MIB });
    const socket = deaf(url);
    await eventually("room", async () => {
      const answer = await fetch(`${url}/v`);
      return answer.status === 200 && (await answer.arrayBuffer()).byteLength === 20 * MIB;
    });
    socket.resume();
    await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  });
});

describe("searches", () => {
  it("under way and waiting are bounded, and others do not wait for them", async () => {
    const waiting: (() => void)[] = [];
    const url = await server(
      async (name, _params, signal) => {
        if (name !== "ui.search") return whole(3)();
        await new Promise<void>((resolve) => {
          waiting.push(resolve);
          signal.addEventListener("abort", () => resolve());
        });
        return whole(3)();
      },
      { searches: 1, waitingSearches: 1 },
    );
    const first = fetch(`${url}/ui.search`);
    await eventually("the first", async () => waiting.length === 1);
    const leaving = new AbortController();
    const second = fetch(`${url}/ui.search`, { signal: leaving.signal }).catch(() => "left");
    const refused = await eventually("a refusal", async () => {
      const third = await fetch(`${url}/ui.search`, { signal: AbortSignal.timeout(1_000) });
      return third.status === 429 ? third : false;
    });
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(await refused.json()).toMatchObject({ code: "overloaded" });
    expect((await fetch(`${url}/ui.columns`)).status).toBe(200);
    leaving.abort();
    expect(await second).toBe("left");
    for (const go of waiting.splice(0)) go();
    expect((await first).status).toBe(200);
  });
});
