// What a web page sends spans with: what browsers have, and OpenTelemetry's SDK. Bundled for the browser and run there.
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";

/** A request of one span, named as the way it goes. */
function bodyOf(name) {
  const digits = [...crypto.getRandomValues(new Uint8Array(24))].map((byte) => byte.toString(16).padStart(2, "0"));
  const startTimeUnixNano = `${Date.now()}000000`;
  const span = { name, startTimeUnixNano, endTimeUnixNano: startTimeUnixNano };
  const ids = { traceId: digits.slice(8).join(""), spanId: digits.slice(0, 8).join("") };
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "page" } }] };
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [{ ...ids, ...span }] }] }] });
}

const JSON_TYPE = "application/json";

const WAYS = {
  fetch: (url, body) => fetch(url, { method: "POST", headers: { "content-type": JSON_TYPE }, body }),
  "fetch with credentials": (url, body) =>
    fetch(url, { method: "POST", headers: { "content-type": JSON_TYPE }, body, credentials: "include" }),
  "sendBeacon of a text": (url, body) => navigator.sendBeacon(url, body),
  "sendBeacon of a Blob": (url, body) => navigator.sendBeacon(url, new Blob([body], { type: JSON_TYPE })),
};

/** Sends by each way, and by the SDK; gives what failed. */
async function sendAll(url) {
  const failed = [];
  for (const [name, send] of Object.entries(WAYS)) {
    try {
      const answer = await send(url, bodyOf(name));
      if (answer === false || (answer instanceof Response && !answer.ok)) failed.push(name);
    } catch (error) {
      failed.push(`${name}: ${error}`);
    }
  }
  const provider = new BasicTracerProvider({
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url }))],
  });
  provider.getTracer("page").startSpan("SDK").end();
  await provider.forceFlush();
  return failed;
}

Object.assign(globalThis, { sendAll });
