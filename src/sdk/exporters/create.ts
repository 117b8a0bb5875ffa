import { type ConsoleSettings, consoleExporter } from "./console.ts";
import { adaptExporter, type CustomExporter, type SpanExporter } from "./exporter.ts";
import { type JaegerSettings, jaegerExporter } from "./jaeger.ts";
import { type OtlpGrpcSettings, otlpGrpcExporter } from "./otlp-grpc.ts";
import { type OtlpHttpSettings, otlpHttpExporter } from "./otlp-http.ts";
import { type ZipkinSettings, zipkinExporter } from "./zipkin.ts";

export const EXPORTER_NAMES = ["otlp", "jaeger", "zipkin", "console"] as const;
export type ExporterName = (typeof EXPORTER_NAMES)[number];

export type ExporterSettings =
  | ({ readonly type: "otlp" } & OtlpHttpSettings)
  | ({ readonly type: "otlp"; readonly protocol: "grpc" } & OtlpGrpcSettings)
  | ({ readonly type: "jaeger" } & JaegerSettings)
  | ({ readonly type: "zipkin" } & ZipkinSettings)
  | ({ readonly type: "console" } & ConsoleSettings);

export type ExporterInput = ExporterName | ExporterSettings | SpanExporter | CustomExporter;

/**
 * An exporter by name with its defaults, by settings, or one of the caller's own. Throws TypeError for a bad endpoint.
 */
export function createExporter(input: ExporterInput): SpanExporter {
  if (typeof input !== "string" && "export" in input) return adaptExporter(input);
  const settings: ExporterSettings = typeof input === "string" ? ({ type: input } as ExporterSettings) : input;
  switch (settings.type) {
    case "otlp":
      return "protocol" in settings && settings.protocol === "grpc"
        ? otlpGrpcExporter(settings)
        : otlpHttpExporter(settings as OtlpHttpSettings);
    case "jaeger":
      return jaegerExporter(settings);
    case "zipkin":
      return zipkinExporter(settings);
    case "console":
      return consoleExporter(settings);
    default: {
      const { type } = settings as { type: unknown };
      throw new TypeError(`unknown exporter "${String(type)}": expected one of ${EXPORTER_NAMES.join(", ")}`);
    }
  }
}
