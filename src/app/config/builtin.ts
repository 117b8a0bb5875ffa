import type { ComponentFactory } from "../../component/component.ts";
import type { Exporter, ExporterSettings } from "../../component/export.ts";
import { consoleExporter } from "../../exporters/console.ts";
import { fileExporter } from "../../exporters/file.ts";
import { jaegerExporter } from "../../exporters/jaeger.ts";
import { otlpExporter } from "../../exporters/otlp.ts";
import { otlpHttpExporter, otlphttpExporter } from "../../exporters/otlp-http.ts";
import { zipkinExporter } from "../../exporters/zipkin.ts";
import { otlpReceiver } from "../../receivers/otlp.ts";

/** Every built-in receiver by its type. A new one is a file under src/receivers and a line here. */
export const RECEIVERS = {
  otlp: otlpReceiver,
} as const;

/** Every built-in exporter by its type. A new one is a file under src/exporters and a line here. */
export const EXPORTERS: Readonly<Record<string, ComponentFactory<unknown, ExporterSettings, Exporter>>> = {
  otlp: otlpExporter,
  otlp_http: otlpHttpExporter,
  otlphttp: otlphttpExporter,
  jaeger: jaegerExporter,
  zipkin: zipkinExporter,
  console: consoleExporter,
  file: fileExporter,
};
