import { z } from "zod";
import { PermanentError } from "../../component/errors.ts";
import { messageOf } from "../../model/message-of.ts";
import { SPAN_KIND_NAMES, type SpanKind } from "../../model/span.ts";
import { MOST_FIGURES, type PathFigures, type RunPopulation } from "../population/population.ts";
import { RUN_FORMAT, RUN_VERSION } from "./run-file.ts";

const MICROSECOND = 1_000;
const count = z.int().min(0);
const figures = z.array(z.number().min(0)).max(MOST_FIGURES);

const headLine = z.object({
  format: z.literal(RUN_FORMAT),
  version: z.literal(RUN_VERSION),
  label: z.string(),
  startUnixNano: z.string().regex(/^\d{1,20}$/),
  traces: count,
  spans: count,
  orphans: count,
  leftOut: count,
  services: z.array(z.string()),
  paths: count,
});

const pathLine = z.object({
  path: count,
  parent: count.optional(),
  service: count,
  name: z.string(),
  kind: z.enum(SPAN_KIND_NAMES),
  traces: z.int().min(1),
  spans: z.int().min(1),
  failedTraces: count.default(0),
  calls: z.array(z.tuple([z.number().positive(), z.int().min(1)])).min(1),
  selfTotal: z.number().min(0),
  duration: figures.min(1),
  self: figures.optional(),
});

export interface ReadRun {
  readonly label: string;
  readonly population: RunPopulation;
}

/** Whether a file that begins so is one of a run. */
export function beginsAsRunFile(text: string): boolean {
  return text.startsWith(`{"format":"${RUN_FORMAT}"`);
}

/**
 * Reads what `runFileText` wrote.
 * @param name of the file, for errors
 * @throws PermanentError `data_format_unknown` for another version, `malformed` for what is cut off or damaged
 */
export function readRunFile(name: string, text: string): ReadRun {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const first = parsed(name, 1, lines[0] ?? "");
  const { version } = first as { readonly version?: unknown };
  if (version !== RUN_VERSION) {
    const message = `${name}: expected version ${RUN_VERSION} of a run's file, found ${JSON.stringify(version)}; make it anew with spanloom run`;
    throw new PermanentError("data_format_unknown", message);
  }
  const head = checked(name, 1, headLine, first);
  if (lines.length - 1 !== head.paths) {
    const found = lines.length - 1;
    throw malformed(
      name,
      lines.length,
      `expected ${head.paths} lines of paths, found ${found}: it was cut off or changed`,
    );
  }
  const paths: PathFigures[] = [];
  for (const [at, line] of lines.slice(1).entries()) {
    const number = at + 2;
    paths.push(
      figuresOf(checked(name, number, pathLine, parsed(name, number, line)), at, head.services, (message) =>
        malformed(name, number, message),
      ),
    );
  }
  const { label, traces, spans, orphans, leftOut } = head;
  return { label, population: { traces, spans, orphans, leftOut, startUnixNano: BigInt(head.startUnixNano), paths } };
}

function figuresOf(
  line: z.output<typeof pathLine>,
  at: number,
  services: readonly string[],
  bad: (message: string) => Error,
): PathFigures {
  const service = services[line.service];
  if (line.path !== at) throw bad(`path: expected ${at}, found ${line.path}`);
  if (line.parent !== undefined && line.parent >= at)
    throw bad(`parent: expected less than ${at}, found ${line.parent}`);
  if (service === undefined) throw bad(`service: expected less than ${services.length}, found ${line.service}`);
  if (line.self !== undefined && line.self.length !== line.duration.length) {
    throw bad(`self: expected ${line.duration.length} figures, found ${line.self.length}`);
  }
  const durationNano = Float64Array.from(line.duration, (microseconds) => microseconds * MICROSECOND);
  return {
    parent: line.parent ?? -1,
    service,
    name: line.name,
    kind: SPAN_KIND_NAMES.indexOf(line.kind) as SpanKind,
    traces: line.traces,
    spans: line.spans,
    failedTraces: line.failedTraces,
    calls: new Map(line.calls),
    totalSelfNano: line.selfTotal * MICROSECOND,
    durationNano,
    selfNano:
      line.self === undefined
        ? durationNano
        : Float64Array.from(line.self, (microseconds) => microseconds * MICROSECOND),
  };
}

function parsed(name: string, line: number, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw malformed(name, line, `expected JSON: ${messageOf(error)}`);
  }
}

function checked<T>(name: string, line: number, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw malformed(name, line, `${issue?.path.join(".") || "line"}: ${issue?.message}`);
}

function malformed(name: string, line: number, message: string): PermanentError {
  return new PermanentError("malformed", `${name}:${line}: ${message}`);
}
