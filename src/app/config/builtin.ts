import type { z } from "zod";
import type { ExporterFactory } from "../../component/export.ts";
import type { ReceiverConfig, ReceiverFactory } from "../../component/receiver.ts";
import { clickhouseExporter } from "../../exporters/clickhouse/clickhouse.ts";
import { consoleExporter } from "../../exporters/console.ts";
import { fileExporter } from "../../exporters/file.ts";
import { jaegerExporter } from "../../exporters/jaeger.ts";
import { otlpExporter } from "../../exporters/otlp.ts";
import { otlpHttpExporter, otlphttpExporter } from "../../exporters/otlp-http.ts";
import { zipkinExporter } from "../../exporters/zipkin.ts";
import { jaegerReceiver } from "../../receivers/jaeger.ts";
import { otlpReceiver } from "../../receivers/otlp.ts";
import { remoteSamplingReceiver } from "../../receivers/remote-sampling.ts";
import { zipkinReceiver } from "../../receivers/zipkin.ts";

export type ReceiverTable = Readonly<Record<string, ReceiverFactory>>;

/** Every built-in receiver by its type. A new one is a file under src/receivers and a line here. */
export const RECEIVERS = {
  otlp: otlpReceiver,
  zipkin: zipkinReceiver,
  jaeger: jaegerReceiver,
  remote_sampling: remoteSamplingReceiver,
} satisfies ReceiverTable;

/** Every built-in exporter by its type. A new one is a file under src/exporters and a line here. */
export const EXPORTERS: Readonly<Record<string, ExporterFactory>> = {
  otlp: otlpExporter,
  otlp_http: otlpHttpExporter,
  otlphttp: otlphttpExporter,
  jaeger: jaegerExporter,
  zipkin: zipkinExporter,
  clickhouse: clickhouseExporter,
  console: consoleExporter,
  file: fileExporter,
};

type BuiltIn = typeof RECEIVERS;

/** Receivers as a parsed config has them: those that run by default, turned off or not, and all that it names. */
export type ReceiverConfigs = {
  readonly [Type in keyof BuiltIn as BuiltIn[Type]["onByDefault"] extends true ? Type : never]: z.output<
    BuiltIn[Type]["config"]
  >;
} & Readonly<Record<string, ReceiverConfig>>;

/** Receivers as a user writes them: by type, or by `type/name` for a further one of a type. */
export type ReceiverInputs = {
  readonly [Type in keyof BuiltIn]?: z.input<BuiltIn[Type]["config"]>;
} & { readonly [Name in `${keyof BuiltIn}/${string}`]?: unknown };
