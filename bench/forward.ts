// Ingest while everything is forwarded to a sink that discards it, against ingest alone.
// npm run bench -- forward [--size 512] [--seconds 8] [--cases otlp_http,otlp_http+gzip,otlp,otlp+gzip] [--dist dist]
// [--json]
import { parseArgs } from "node:util";
import { FORWARDING_CASES, type ForwardingCase, measureForwarding, startSink } from "./lib/forwarding.ts";
import { round } from "./lib/measure.ts";

const { values } = parseArgs({
  options: {
    size: { type: "string", default: "512" },
    seconds: { type: "string", default: "8" },
    cases: { type: "string", default: FORWARDING_CASES.slice(1).join(",") },
    dist: { type: "string", default: "dist" },
    json: { type: "boolean", default: false },
  },
});
const options = { dist: values.dist, seconds: Number(values.seconds), spansPerRequest: Number(values.size) };
const sink = await startSink();
try {
  const alone = await measureForwarding("alone", sink, options);
  const rows = [{ ...alone, ofIngestAlone: 1 }];
  for (const which of values.cases.split(",") as ForwardingCase[]) {
    if (!FORWARDING_CASES.includes(which)) throw new Error(`--cases ${which}: expected ${FORWARDING_CASES.join(", ")}`);
    const figures = await measureForwarding(which, sink, options);
    rows.push({ ...figures, ofIngestAlone: round(figures.spansPerCpuSecond / alone.spansPerCpuSecond) });
    process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`);
  }
  if (values.json) process.stdout.write(`${JSON.stringify(rows)}\n`);
  else console.table(rows);
} finally {
  sink.stop();
}
