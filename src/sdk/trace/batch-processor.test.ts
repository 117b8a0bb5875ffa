import { describe, expect, it } from "vitest";
import type { ExportOutcome } from "../../component/export.ts";
import type { SpanRecord } from "../../model/span.ts";
import type { SpanExporter } from "../exporters/exporter.ts";
import type { BatchSettings } from "./batch-processor.ts";
import { createTracing } from "./tracing.ts";

function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve: (value: T) => resolve(value) };
}

const QUICK = { initialMs: 1, maxMs: 2, factor: 1 };

function rig(
  batch: Partial<BatchSettings>,
  answer: (names: string[], attempt: number) => ExportOutcome | Promise<ExportOutcome>,
) {
  const sizes: number[] = [];
  const warnings: string[] = [];
  let closed = 0;
  const exporter: SpanExporter = {
    description: "rig",
    async export(records: readonly SpanRecord[]) {
      sizes.push(records.length);
      return answer(
        records.map(({ span }) => span.name),
        sizes.length,
      );
    },
    async shutdown() {
      closed++;
    },
  };
  const logger = { debug() {}, info() {}, error() {}, warn: (message: string) => void warnings.push(message) };
  const tracing = createTracing({ service: "s", exporter, logger, batch: { backoff: QUICK, ...batch } });
  const end = (count: number) => {
    for (let i = 0; i < count; i++) tracing.tracer().startSpan(`n${i}`).end();
  };
  return { tracing, end, sizes, warnings, closed: () => closed };
}

describe("batches", () => {
  it("go out full at once and the rest with flush", async () => {
    const { tracing, end, sizes } = rig({ maxBatchSpans: 10 }, () => ({ type: "delivered" }));
    end(25);
    await tracing.flush();
    expect(sizes).toEqual([10, 10, 5]);
    expect(tracing.stats()).toEqual({ delivered: 25, rejected: 0, dropped: 0, queued: 0, retries: 0 });
  });

  it("go out after the delay", async () => {
    const sent = deferred<number>();
    const { end } = rig({ delayMs: 5 }, (names) => {
      sent.resolve(names.length);
      return { type: "delivered" };
    });
    end(3);
    expect(await sent.promise).toBe(3);
  });

  it("drop and count what does not fit, in flight included", async () => {
    const gate = deferred<ExportOutcome>();
    const { tracing, end, warnings } = rig({ maxQueueSpans: 10, maxBatchSpans: 4 }, () => gate.promise);
    end(15);
    expect(tracing.stats()).toMatchObject({ queued: 10, dropped: 5 });
    gate.resolve({ type: "delivered" });
    await tracing.flush();
    expect(tracing.stats()).toMatchObject({ delivered: 10, dropped: 5, queued: 0 });
    expect(warnings).toEqual(["spans are dropped: the export queue is full"]);
  });

  it("are tried again, whole, until delivered", async () => {
    const { tracing, end, sizes } = rig({}, (_, attempt) =>
      attempt < 3 ? { type: "retry", reason: "busy", afterMs: 1 } : { type: "delivered" },
    );
    end(2);
    await tracing.flush();
    expect(sizes).toEqual([2, 2, 2]);
    expect(tracing.stats()).toMatchObject({ delivered: 2, retries: 2 });
  });

  it("are given up in time, and counted", async () => {
    const { tracing, end } = rig({ giveUpMs: 50 }, () => ({ type: "retry", reason: "busy", afterMs: 60_000 }));
    end(2);
    await tracing.flush();
    expect(tracing.stats()).toMatchObject({ delivered: 0, dropped: 2, queued: 0 });
  });

  it("are split where the peer finds them too large", async () => {
    const { tracing, end, sizes } = rig({}, (names) =>
      names.length > 2 || names.includes("n4") ? { type: "split", reason: "413" } : { type: "delivered" },
    );
    end(5);
    await tracing.flush();
    expect(sizes).toEqual([5, 2, 3, 1, 2, 1, 1]);
    expect(tracing.stats()).toMatchObject({ delivered: 4, dropped: 1 });
  });

  it("count rejected spans, and an exporter that throws loses only its batch", async () => {
    const { tracing, end } = rig({ maxBatchSpans: 2 }, (_, attempt) => {
      if (attempt === 1) throw new Error("broken");
      return { type: "rejected", count: 1, reason: "partly" };
    });
    end(4);
    await tracing.flush();
    expect(tracing.stats()).toMatchObject({ delivered: 1, rejected: 3 });
  });

  it("flush waits for what is under way and for what ends meanwhile before the call", async () => {
    const gate = deferred<ExportOutcome>();
    const { tracing, end } = rig({ maxBatchSpans: 2 }, (_, attempt) =>
      attempt === 1 ? gate.promise : { type: "delivered" },
    );
    end(2);
    end(1);
    const flushed = tracing.flush().then(() => tracing.stats().delivered);
    gate.resolve({ type: "delivered" });
    expect(await flushed).toBe(3);
  });
});

describe("shutdown", () => {
  it("flushes, closes once, and drops what ends later", async () => {
    const { tracing, end, closed } = rig({}, () => ({ type: "delivered" }));
    end(3);
    await Promise.all([tracing.shutdown(), tracing.shutdown()]);
    end(2);
    await tracing.flush();
    expect(tracing.stats()).toMatchObject({ delivered: 3, dropped: 2 });
    expect(closed()).toBe(1);
  });

  it("ends in time when the peer never takes anything", async () => {
    const { tracing, end } = rig(
      { shutdownMs: 20, maxBatchSpans: 1, backoff: { initialMs: 10_000, maxMs: 10_000, factor: 1 } },
      () => ({ type: "retry", reason: "down" }),
    );
    end(3);
    await tracing.shutdown();
    expect(tracing.stats()).toMatchObject({ delivered: 0, dropped: 3, queued: 0 });
  });
});

describe("sending", () => {
  it("makes no spans itself", async () => {
    const tracing = createTracing({
      service: "s",
      exporter: {
        description: "traced",
        async export(records) {
          await tracing.tracer().trace("inside", async () => {});
          return { type: "rejected", count: records.length, reason: "counted" };
        },
        async shutdown() {},
      },
    });
    tracing.tracer().startSpan("outside").end();
    await tracing.shutdown();
    expect(tracing.stats()).toMatchObject({ rejected: 1, dropped: 0 });
  });
});

describe("an exporter of the program's own", () => {
  const own = async (answer: () => unknown, batch: Partial<BatchSettings> = {}) => {
    const exporter = { export: answer } as unknown as SpanExporter;
    const tracing = createTracing({ service: "s", exporter, batch: { backoff: QUICK, ...batch } });
    for (let i = 0; i < 3; i++) tracing.tracer().startSpan("n").end();
    await tracing.flush();
    await tracing.shutdown();
    return tracing.stats();
  };
  const NOTHING = { delivered: 0, rejected: 0, dropped: 0, queued: 0, retries: 0 };

  it.each([true, undefined, null, Promise.resolve(true), Promise.resolve(), { type: "delivered" }])(
    "has delivered what it answers with %j",
    async (answer) => {
      expect(await own(() => answer)).toEqual({ ...NOTHING, delivered: 3 });
    },
  );

  it.each([false, Promise.resolve(false), "ok", 7, {}, { type: "rejected" }])("has failed with %j", async (answer) => {
    expect(await own(() => answer)).toEqual({ ...NOTHING, rejected: 3 });
  });

  it("has failed with what it throws", async () => {
    const thrown = (): never => {
      throw new Error("no");
    };
    expect(await own(thrown)).toEqual({ ...NOTHING, rejected: 3 });
  });

  it("holds up nothing where it never answers", async () => {
    expect(await own(() => new Promise(() => {}), { giveUpMs: 20 })).toEqual({ ...NOTHING, dropped: 3 });
  });
});
