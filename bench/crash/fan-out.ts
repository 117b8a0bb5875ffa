// A fan-out under trouble: 10,000 spans a second in batches of 100 to three destinations, of which one takes
// everything, one answers nothing for the first half and then works, and one refuses 70 % of requests retryably. npm
// run bench -- crash/fan-out [--seconds 60] [--dark 30] [--rate 10000] [--dist dist] [--set …] npm run bench --
// crash/fan-out --seconds 320 --dark 300 --rate 2000      the five minutes of an outage npm run bench -- crash/fan-out
// --seconds 60 --dark 40 --retention 32     the store takes that many MiB: retention overtakes Sent must be stored and
// delivered to each, and to the good one within 5 % all along; the exit code says whether it was. Under --retention the
// dark one must lose some, and what it lost is counted: sent is delivered and lost, to the span.
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { TraceScanner } from "../../src/codec/otlp/scan/scan.ts";
import { DEFAULT_SCAN_LIMITS } from "../../src/codec/otlp/scan/scan-result.ts";
import { httpSender } from "../lib/http-load.ts";
import { quantile, runLoad } from "../lib/load.ts";
import { requestsOf, round } from "../lib/measure.ts";
import { startSpanloom } from "../lib/systems.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    dark: { type: "string" },
    rate: { type: "string", default: "10000" },
    retention: { type: "string" },
    dist: { type: "string", default: "dist" },
    set: { type: "string", multiple: true, default: [] },
  },
});
const SIZE = 100;
const DRAIN_MS = 240_000;
/**
 * How often the server is looked at, ms, and how far the good destination may lag without being behind: a batch's way.
 */
const LOOK_MS = 1_000;
const LAG_SECONDS = 1;
const MOST_BEHIND = 0.05;
const seconds = Number(values.seconds);
const darkSeconds = values.dark === undefined ? seconds / 2 : Number(values.dark);
let started = performance.now();
const scanner = new TraceScanner(DEFAULT_SCAN_LIMITS);

/** A destination that answers as `status` says, 0 for never, and counts what it took, by span. */
async function destination(status: () => number) {
  const ids = new Set<string>();
  let taken = 0;
  let refused = 0;
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    const answer = status();
    if (answer === 0) return;
    // Half of those refused are taken all the same, as by a peer that fails after it has stored: these come twice.
    if (answer === 200 || Math.random() < 0.5) {
      const { spanIds, count } = scanner.scan(body).columns;
      for (let row = 0; row < count; row++) {
        ids.add(Buffer.from(spanIds.buffer, spanIds.byteOffset + row * 8, 8).toString("latin1"));
      }
      taken += count;
    }
    if (answer !== 200) refused++;
    response.writeHead(answer, { "content-type": "application/x-protobuf" }).end();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    figures: () => ({ spans: ids.size, duplicates: taken - ids.size, refused }),
    close: () => server.closeAllConnections(),
  };
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return new Uint8Array(Buffer.concat(chunks));
}

const dark = () => performance.now() - started < darkSeconds * 1000;
const destinations = {
  good: await destination(() => 200),
  dark: await destination(() => (dark() ? 0 : 200)),
  flaky: await destination(() => (Math.random() < 0.7 ? 503 : 200)),
};
const server = await startSpanloom({
  dist: values.dist,
  set: [
    ...values.set,
    ...(values.retention === undefined ? [] : [`storage.retention.max_mebibytes=${values.retention}`]),
    ...Object.entries(destinations).flatMap(([name, { url }]) => [
      `exporters.otlphttp/${name}.endpoint=${url}`,
      `exporters.otlphttp/${name}.compression=none`,
      `exporters.otlphttp/${name}.timeout_ms=5000`,
      `exporters.otlphttp/${name}.retry_on_failure.initial_interval_ms=20`,
      `exporters.otlphttp/${name}.retry_on_failure.max_interval_ms=100`,
    ]),
  ],
});
const connections = 8;
const sender = httpSender(server.url, connections);

/** A metric of the server; of all its labels together, or of those that hold `label`. */
async function metric(name: string, label = ""): Promise<number> {
  const text = await (await fetch(`${server.ui}/metrics`)).text();
  const lines = text.matchAll(
    new RegExp(`^${name}(?:\\{[^}]*${label}[^}]*\\})${label === "" ? "?" : ""} (\\S+)$`, "gm"),
  );
  return [...lines].reduce((sum, [, value]) => sum + Number(value), 0);
}

/** The worst that was seen of what is looked at all along. */
const worst = { rssMebibytes: 0, backlogSpans: 0, diskMebibytes: 0, goodBehind: 0 };
async function look(): Promise<void> {
  const [stored, lag, disk] = [
    await metric("spanloom_storage_committed_spans_total"),
    await metric("spanloom_exporter_lag_spans"),
    await metric("spanloom_storage_disk_bytes"),
  ];
  // What was stored within the last moments may be under way.
  const due = stored - Number(values.rate) * LAG_SECONDS;
  const behind = due <= 0 ? 0 : Math.max(0, 1 - destinations.good.figures().spans / due);
  worst.rssMebibytes = Math.max(worst.rssMebibytes, Math.round(server.rssBytes() / 1024 / 1024));
  worst.backlogSpans = Math.max(worst.backlogSpans, lag);
  worst.diskMebibytes = Math.max(worst.diskMebibytes, Math.round(disk / 1024 / 1024));
  // The first seconds are made of little: there a batch is more than 5 %.
  if (performance.now() - started > 10_000) worst.goodBehind = Math.max(worst.goodBehind, round(behind));
}

let looking: Promise<void> | undefined;
const looks = setInterval(() => {
  looking ??= look().finally(() => {
    looking = undefined;
  });
}, LOOK_MS);
try {
  const pool = requestsOf(SIZE).filter(({ spans }) => spans === SIZE);
  started = performance.now();
  const sent = await runLoad(
    { pool, connections, seconds, firstPass: 1, spansPerSecond: Number(values.rate) },
    sender.send,
  );
  const rss = server.rssBytes();
  const atEnd = destinations.good.figures().spans;
  const deadline = performance.now() + DRAIN_MS;
  const outcomes = async () =>
    Object.fromEntries(
      await Promise.all(
        Object.entries(destinations).map(async ([name, { figures }]) => {
          // In this order: what is lost in between was not delivered.
          const figured = figures();
          const lost = await metric("spanloom_exporter_lost_spans_total", `exporter="otlphttp/${name}"`);
          return [name, { ...figured, lost }] as const;
        }),
      ),
    );
  const behind = async () => Object.values(await outcomes()).some(({ spans, lost }) => spans + lost < sent.spans);
  while ((await behind()) && performance.now() < deadline) await new Promise((done) => setTimeout(done, 200));
  const drained = (performance.now() - deadline + DRAIN_MS) / 1000;
  clearInterval(looks);
  await looking;
  const stored = await metric("spanloom_storage_committed_spans_total");
  const figures = await outcomes();
  console.log({
    sent: sent.spans,
    failedRequests: sent.failed,
    spansPerSecond: Math.round(sent.spans / sent.seconds),
    ackP50Ms: round(quantile(sent.latencies, 0.5)),
    ackP99Ms: round(quantile(sent.latencies, 0.99)),
    rssMebibytes: Math.round(rss / 1024 / 1024),
    stored,
    removed: await metric("spanloom_storage_removed_spans_total"),
    darkSeconds,
    worst,
    goodWhenLoadEnded: atEnd,
    drainedAfterSeconds: round(drained),
    ...figures,
  });
  const whole =
    stored === sent.spans &&
    Object.entries(figures).every(
      ([name, { spans, lost }]) =>
        spans + lost === sent.spans && lost > 0 === (name === "dark" && values.retention !== undefined),
    );
  if (!whole || worst.goodBehind > MOST_BEHIND) process.exitCode = 1;
} finally {
  clearInterval(looks);
  sender.close();
  for (const { close } of Object.values(destinations)) close();
  await server.stop();
}
process.exit();
