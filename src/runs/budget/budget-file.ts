import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { PermanentError } from "../../component/errors.ts";
import { SPAN_KIND_NAMES } from "../../model/span.ts";
import { parseGoDuration } from "../../query/params.ts";

const PERCENT = /^(\d+(?:\.\d+)?)\s*%$/;

/** `200ms` as ns. */
const duration = z
  .string()
  .refine(
    (text) => parseGoDuration(text) !== undefined,
    "expected a duration with its unit such as 1.5s, 200ms or 50us",
  )
  .transform((text) => Number(parseGoDuration(text)));

/** `1%` as 0.01. */
const percentage = z
  .string()
  .refine((text) => PERCENT.test(text), "expected a percentage such as 1%")
  .transform((text) => Number(PERCENT.exec(text)?.[1]) / 100);

const budget = z
  .strictObject({
    service: z.string().min(1).optional(),
    operation: z.string().min(1),
    kind: z.enum(SPAN_KIND_NAMES).optional(),
    p50: duration.optional(),
    p90: duration.optional(),
    p95: duration.optional(),
    p99: duration.optional(),
    max: duration.optional(),
    calls: z.number().min(0).optional(),
    errors: percentage.optional(),
  })
  .refine(
    ({ service: _service, operation: _operation, kind: _kind, ...limits }) => Object.keys(limits).length > 0,
    "expected at least one of p50, p90, p95, p99, max, calls and errors",
  );

const budgets = z.strictObject({ budgets: z.array(budget).min(1) });

/** Limits of the operations that fit: durations in ns, calls for each call of the parent, failing traces as a share. */
export type RunBudget = z.output<typeof budget>;

/**
 * Reads budgets from YAML, or JSON, which is YAML.
 * @param name of the file, for errors
 * @throws PermanentError `bad_request` with line, place and what was expected
 */
export function readBudgets(name: string, text: string): readonly RunBudget[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [broken] = document.errors;
  if (broken !== undefined) throw wrong(name, lines.linePos(broken.pos[0]).line, broken.message.split("\n")[0] ?? "");
  const result = budgets.safeParse(document.toJS());
  if (result.success) return result.data.budgets;
  const [issue] = result.error.issues;
  const path = (issue?.path ?? []) as (string | number)[];
  const node = document.getIn(path, true) as { readonly range?: readonly number[] | null } | undefined;
  const at = node?.range?.[0];
  throw wrong(name, at === undefined ? 1 : lines.linePos(at).line, `${path.join(".") || "file"}: ${issue?.message}`);
}

function wrong(name: string, line: number, message: string): PermanentError {
  return new PermanentError("bad_request", `${name}:${line}: ${message}`);
}
