import { deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { PermanentError, RetryableError } from "../../src/component/errors.ts";
import { Metrics } from "../../src/component/metrics.ts";
import { nameOf } from "../../src/model/span-columns.ts";
import { type NormalizedPiece, Normalizer } from "../../src/processors/normalize/normalize.ts";
import { normalizeConfig } from "../../src/processors/normalize/normalize-config.ts";
import { inflateBody } from "../../src/server/inflate.ts";
import { INTAKES, type Intake, type IntakeOptions, type Sample } from "../support/intakes.ts";

const namesOf = ({ scan: { columns } }: NormalizedPiece): string[] =>
  Array.from({ length: columns.count }, (_, row) => nameOf(columns, row));
const normalizer = () => new Normalizer(normalizeConfig.parse({}), new Metrics());
const samples = (count: number): Sample[] => Array.from({ length: count }, (_, i) => ({ name: `span ${i}` }));

type Rig = Awaited<ReturnType<Intake["start"]>>;
let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

describe.each(INTAKES)("a receiver of $name", (intake) => {
  const stored: string[] = [];

  async function start(options: IntakeOptions = {}): Promise<Rig> {
    rig = await intake.start(options);
    stored.length = 0;
    const normal = normalizer();
    rig.sink.answer = ({ format, bytes, encoding, maxBytes }) => {
      const batch = normal.normalize(format, inflateBody(bytes, encoding, maxBytes));
      stored.push(...namesOf(batch));
      return { accepted: batch.scan.columns.count, rejected: batch.rejected, message: batch.message };
    };
    return rig;
  }

  const post = (body: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
    fetch(`${rig?.http}${intake.path}`, {
      method: "POST",
      body,
      headers: { "content-type": intake.contentType, ...headers },
    });

  it("takes spans as they are, gzipped and deflated", async () => {
    const { count, inFlight, sink } = await start();
    const body = intake.body(samples(3));
    expect((await post(body)).status).toBe(intake.taken);
    expect((await post(gzipSync(body), { "content-encoding": "gzip" })).status).toBe(intake.taken);
    expect((await post(deflateSync(body), { "content-encoding": "deflate" })).status).toBe(intake.taken);
    expect(sink.batches.map(({ format }) => format)).toEqual(Array(3).fill(intake.format));
    expect(stored).toEqual(Array.from({ length: 9 }, (_, i) => `span ${i % 3}`));
    expect(count("spanloom_receiver_accepted_spans_total", { transport: "http" })).toBe(9);
    expect(count("spanloom_receiver_requests_total", { transport: "http" })).toBe(3);
    expect(inFlight.usedBytes).toBe(0);
  });

  it("takes a request without spans", async () => {
    await start();
    const response = await post(intake.body([]));
    expect(response.status).toBe(intake.taken);
    expect(response.headers.get("x-spanloom-rejected-spans")).toBeNull();
  });

  it.each(["trace id", "span id"] as const)(
    "refuses one span of 501 that has no %s, and takes its 500 neighbours",
    async (bad) => {
      const { count } = await start();
      const all = samples(501);
      all[250] = { name: "bad", bad };
      const response = await post(intake.body(all));
      expect(response.status).toBe(intake.taken);
      expect(stored).toEqual(all.filter((sample) => sample.bad === undefined).map(({ name }) => name));
      expect(count("spanloom_receiver_refused_spans_total", { transport: "http" })).toBe(1);
      const told = Buffer.from(await response.arrayBuffer()).toString("latin1");
      expect(told).toContain(`1 span refused: ${bad} is`);
      expect(told).toMatch(/[sS]pans\[250\]/);
    },
  );

  it("refuses what is nothing of the kind with 400 and what was wrong", async () => {
    const { inFlight } = await start();
    for (const [body, headers] of [
      [intake.malformed, {}],
      [gzipSync(intake.malformed), { "content-encoding": "gzip" }],
      [intake.body(samples(1)), { "content-encoding": "gzip" }],
    ] as const) {
      const response = await post(body, headers);
      expect(response.status).toBe(400);
      expect(await response.text()).toMatch(/not readable as|not valid gzip/);
    }
    expect(stored).toEqual([]);
    expect(inFlight.usedBytes).toBe(0);
  });

  it("refuses a body that is too long, as it comes and once inflated", async () => {
    const { inFlight } = await start({ maxBytes: 1_000 });
    const bomb = gzipSync(new Uint8Array(1 << 20).fill(32));
    expect((await post(intake.body(samples(100)))).status).toBe(413);
    expect((await post(bomb, { "content-encoding": "gzip" })).status).toBe(413);
    expect(inFlight.usedBytes).toBe(0);
  });

  it("refuses an encoding that it does not know", async () => {
    await start();
    expect((await post(intake.body(samples(1)), { "content-encoding": "compress" })).status).toBe(415);
  });

  it("asks senders to come again while requests hold all that they may, and while nothing can be stored", async () => {
    const { inFlight, sink } = await start({ inFlightBytes: 10_000 });
    const body = intake.body(samples(2));
    const held = inFlight.take(10_000, "others");
    const refused = await post(body);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
    held.release();
    sink.answer = () => Promise.reject(new RetryableError("storage_full", "no room", 7_000));
    const full = await post(body);
    expect([full.status, full.headers.get("retry-after")]).toEqual([503, "7"]);
    expect(inFlight.usedBytes).toBe(0);
  });

  it("says nothing of a fault of its own but that there is one", async () => {
    const { sink } = await start();
    sink.answer = () => Promise.reject(new TypeError("secret"));
    const response = await post(intake.body(samples(1)));
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret");
  });

  it("takes other methods for what they are", async () => {
    const { http } = await start();
    const response = await fetch(`${http}${intake.path}`);
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
  });
});

describe.each(INTAKES)("$name, as it is decoded", (intake) => {
  it("gives the same spans in pieces as it does at once", () => {
    const all: Sample[] = samples(20_000).map(({ name }, i) =>
      i % 1_000 === 7 ? { name: "bad", bad: "span id" } : { name: `${name} ${"x".repeat(100)}` },
    );
    const body = intake.body(all);
    const whole = normalizer().normalize(intake.format, body);
    const names: string[] = [];
    let most = 0;
    const pieces = normalizer().pieces(intake.format, body);
    let count = 0;
    for (;;) {
      const { done, value } = pieces.next();
      if (done === true) {
        expect(value).toEqual({ rejected: whole.rejected, message: whole.message });
        break;
      }
      if (value === undefined) continue;
      count++;
      most = Math.max(most, value.body.length);
      names.push(...namesOf(value));
    }
    expect(names).toEqual(namesOf(whole));
    expect(whole.rejected).toBe(20);
    expect(count).toBeGreaterThan(1);
    expect(most).toBeLessThan(3 << 20);
  });

  it("is read or refused, whatever bytes are damaged, and never fails in another way", () => {
    const body = intake.body(samples(5));
    const normal = normalizer();
    const damage = fc.array(fc.tuple(fc.nat(body.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(damage, fc.option(fc.nat(body.length), { nil: body.length }), (changes, length) => {
        const damaged = body.slice(0, length);
        for (const [at, byte] of changes) if (at < length) damaged[at] = byte;
        expectReadOrRefused(normal, intake, damaged);
      }),
      { numRuns: 1_500 },
    );
  });
});

function expectReadOrRefused(normal: Normalizer, { format }: Intake, bytes: Uint8Array): void {
  try {
    const { scan, rejected } = normal.normalize(format, bytes);
    expect(scan.columns.count + rejected).toBeLessThanOrEqual(10);
  } catch (error) {
    expect(error).toBeInstanceOf(PermanentError);
    expect((error as PermanentError).code).toBe("malformed");
  }
}
