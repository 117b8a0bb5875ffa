interface Recipe {
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly text: string;
}

/** Commands that send a span to these endpoints, ready to paste into a shell. */
export function firstSpanRecipes(
  endpoints: { readonly grpc: string; readonly http: string },
  nowMs: number,
): readonly Recipe[] {
  const environment = [
    "export OTEL_SERVICE_NAME=my-service",
    `export OTEL_EXPORTER_OTLP_ENDPOINT=${endpoints.http}`,
    "export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
    "export OTEL_TRACES_EXPORTER=otlp",
    "export OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none",
  ].join("\n");
  return [
    {
      id: "curl",
      title: "curl",
      note: "One span, right now, nothing to install",
      text: curlCommand(endpoints.http, nowMs),
    },
    {
      id: "demo",
      title: "Demo",
      note: "A shop of thirteen services with errors, retries and slow calls",
      text: `spanloom send --demo --endpoint ${endpoints.http}`,
    },
    {
      id: "env",
      title: "Any SDK",
      note: "The variables every OpenTelemetry SDK reads",
      text: environment,
    },
    {
      id: "node",
      title: "Node.js",
      note: "Zero-code instrumentation of an existing program",
      text: `npm install @opentelemetry/api @opentelemetry/auto-instrumentations-node\n${environment}\nnode --require @opentelemetry/auto-instrumentations-node/register app.js`,
    },
    {
      id: "python",
      title: "Python",
      note: "Zero-code instrumentation of an existing program",
      text: `pip install opentelemetry-distro opentelemetry-exporter-otlp\nopentelemetry-bootstrap -a install\n${environment}\nopentelemetry-instrument python app.py`,
    },
  ];
}

function curlCommand(http: string, nowMs: number): string {
  const endNano = `${Math.floor(nowMs)}000000`;
  const startNano = `${Math.floor(nowMs) - 120}000000`;
  return `curl -i ${http}/v1/traces -H 'Content-Type: application/json' -d '{
  "resourceSpans": [{
    "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "my-service"}}]},
    "scopeSpans": [{"spans": [{
      "traceId": "${hexDigits(32)}", "spanId": "${hexDigits(16)}",
      "name": "hello", "kind": 2,
      "startTimeUnixNano": "${startNano}", "endTimeUnixNano": "${endNano}"
    }]}]
  }]
}'`;
}

function hexDigits(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length / 2));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
