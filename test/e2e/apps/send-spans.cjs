// Sends TRACES traces of a page with QUERIES queries each to where the environment says, tells its parent what it was
// given, and then ends with EXIT_CODE, a number or SIGKILL; where WAIT is set, it waits for SIGTERM before that.
const { randomBytes } = require("node:crypto");
const { writeFileSync } = require("node:fs");

const { TRACES = "0", QUERIES = "1", EXIT_CODE = "0", WAIT, TOLD, ENDPOINT, OTEL_EXPORTER_OTLP_ENDPOINT } = process.env;
const start = 1_760_000_000_000_000_000n;

function trace(number) {
  const traceId = randomBytes(16).toString("hex");
  const rootId = randomBytes(8).toString("hex");
  const at = (ms) => `${start + BigInt(number * 100 + ms) * 1_000_000n}`;
  const span = (spanId, parentSpanId, name, from, to) => ({
    ...{ traceId, spanId, parentSpanId, name, kind: 2 },
    ...{ startTimeUnixNano: at(from), endTimeUnixNano: at(to) },
  });
  const queries = Array.from({ length: Number(QUERIES) }, (_, i) =>
    span(randomBytes(8).toString("hex"), rootId, "SELECT items", 1 + i, 2 + i),
  );
  return [span(rootId, "", "GET /items", 0, 30), ...queries];
}

async function main() {
  if (TOLD !== undefined) writeFileSync(TOLD, JSON.stringify(process.env));
  const spans = Array.from({ length: Number(TRACES) }, (_, i) => trace(i)).flat();
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] };
  const answer = await fetch(`${ENDPOINT ?? OTEL_EXPORTER_OTLP_ENDPOINT}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] }),
  });
  if (!answer.ok) throw new Error(`the collector answered ${answer.status}`);
  const end = () => (EXIT_CODE === "SIGKILL" ? process.kill(process.pid, EXIT_CODE) : process.exit(Number(EXIT_CODE)));
  if (WAIT === undefined) end();
  process.once("SIGTERM", end);
  process.stdout.write("waiting\n");
  setInterval(() => {}, 60_000);
}
main();
