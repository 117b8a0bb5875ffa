import { PermanentError } from "../../component/errors.ts";
import type { SpanRelation, SpansetExpression, SpansetPipeline, SpansetStage } from "../../model/traceql.ts";
import { bloomMayContain } from "../block/bloom.ts";
import type { CachedBlock } from "../cache/cached-block.ts";
import type { Pacer } from "../cache/pacer.ts";
import { type SpanValue, valueKey } from "../spans/span-value.ts";
import type { TraceSpans } from "../spans/trace-spans.ts";
import { type CompiledExpression, compileExpression, MAX_DEPTH } from "./field-expression.ts";
import { giveWay, STRIDE } from "./give-way.ts";
import { scalarTest } from "./scalar.ts";

/** Some spans of one trace. */
export interface Spanset {
  /** Numbers of the spans, ascending; never empty in a result. */
  readonly spans: Uint32Array;
  /** What the `by` stages so far made it of, in their order. */
  readonly by: readonly SpanValue[];
}

/** A pipeline, ready to be asked of many traces. */
export interface CompiledPipeline {
  /** True where bodies may have to be looked at. */
  readonly needsBody: boolean;
  /** False where the trace cannot match, by the blooms of the blocks in which it lies. */
  mayMatch(blocks: readonly CachedBlock[]): boolean;
  /** False where nothing in the block is looked at closely, by its bloom. */
  mayLookAt(block: CachedBlock): boolean;
  /**
   * The spansets that the last stage leaves; none where the trace does not match. May throw BlockGone, and OutOfTime.
   */
  evaluate(spans: TraceSpans, pacer: Pacer): Promise<readonly Spanset[]>;
}

const NO_SPANS = new Uint32Array(0);

interface Context {
  readonly spans: TraceSpans;
  readonly pacer: Pacer;
}

/** What of the spans of one spanset an expression lets through, ascending. */
interface Selector {
  /** The most that any of its conditions has to look at. */
  readonly cost: 0 | 1 | 2;
  select(from: Uint32Array, context: Context): Promise<Uint32Array>;
  /** False where it certainly lets nothing through. */
  mayMatch(blocks: readonly CachedBlock[]): boolean;
  mayLookAt(block: CachedBlock): boolean;
}

interface Stage {
  readonly cost: 0 | 1 | 2;
  run(sets: readonly Spanset[], context: Context): Promise<readonly Spanset[]>;
  mayLookAt(block: CachedBlock): boolean;
}

/** Throws PermanentError `bad_request`: as compileExpression. */
export function compilePipeline(pipeline: SpansetPipeline, depth = 0): CompiledPipeline {
  const first = compileSelector(pipeline.first, depth);
  const stages = pipeline.stages.flatMap((stage) => compileStage(stage, depth) ?? []);
  return {
    needsBody: first.cost > 0 || stages.some(({ cost }) => cost > 0),
    mayMatch: (blocks) => first.mayMatch(blocks),
    mayLookAt: (block) => first.mayLookAt(block) || stages.some((stage) => stage.mayLookAt(block)),
    evaluate: (spans, pacer) => {
      const all = Uint32Array.from({ length: spans.count }, (_, span) => span);
      return runStages(first, stages, all, { spans, pacer });
    },
  };
}

async function runStages(
  first: Selector,
  stages: readonly Stage[],
  from: Uint32Array,
  context: Context,
): Promise<readonly Spanset[]> {
  const spans = await first.select(from, context);
  let sets: readonly Spanset[] = spans.length === 0 ? [] : [{ spans, by: [] }];
  for (const stage of stages) {
    if (sets.length === 0) break;
    sets = await stage.run(sets, context);
  }
  return sets;
}

/** Undefined for what changes no spanset. */
function compileStage(stage: SpansetStage, depth: number): Stage | undefined {
  switch (stage.stage) {
    case "select":
      return undefined;
    case "coalesce":
      return { cost: 0, mayLookAt: () => false, run: async (sets) => [{ spans: unionOf(sets), by: [] }] };
    case "filter": {
      const of = compileSelector(stage.of, depth);
      return {
        cost: of.cost,
        mayLookAt: of.mayLookAt,
        async run(sets, context) {
          const left: Spanset[] = [];
          for (const { spans, by } of sets) {
            const some = await of.select(spans, context);
            if (some.length > 0) left.push({ spans: some, by });
          }
          return left;
        },
      };
    }
    case "scalar": {
      const test = scalarTest(stage);
      return {
        cost: test.cost,
        mayLookAt: () => test.cost > 0,
        async run(sets, { spans, pacer }) {
          const left: Spanset[] = [];
          for (const set of sets) {
            if (await test.holds(spans, set.spans, pacer)) left.push(set);
            await giveWay(pacer);
          }
          return left;
        },
      };
    }
    case "by":
      return group(compileExpression(stage.field));
  }
}

function group(field: CompiledExpression): Stage {
  return {
    cost: field.cost,
    mayLookAt: () => field.cost > 0,
    async run(sets, { spans, pacer }) {
      const groups: Spanset[] = [];
      for (const set of sets) {
        const members = new Map<string, { readonly value: SpanValue; readonly of: number[] }>();
        for (const [i, span] of set.spans.entries()) {
          if (i % STRIDE === 0) await giveWay(pacer);
          const value = field.value(spans, span);
          const key = valueKey(value);
          const known = members.get(key);
          if (known === undefined) members.set(key, { value, of: [span] });
          else known.of.push(span);
        }
        for (const { value, of } of members.values()) {
          groups.push({ spans: Uint32Array.from(of), by: [...set.by, value] });
        }
      }
      return groups;
    },
  };
}

function compileSelector(expression: SpansetExpression, depth: number): Selector {
  if (depth > MAX_DEPTH) throw new PermanentError("bad_request", `the query is nested deeper than ${MAX_DEPTH}`);
  switch (expression.op) {
    case "spans":
      return expression.where === undefined ? ALL : where(compileExpression(expression.where));
    case "and":
    case "or":
      return junction(
        expression.op,
        operandsOf(expression).map((part) => compileSelector(part, depth + 1)),
      );
    case "structural": {
      const left = compileSelector(expression.left, depth + 1);
      const right = compileSelector(expression.right, depth + 1);
      return structural(expression.relation, expression.form, left, right);
    }
    case "pipeline": {
      const first = compileSelector(expression.pipeline.first, depth + 1);
      const stages = expression.pipeline.stages.flatMap((stage) => compileStage(stage, depth + 1) ?? []);
      return {
        cost: Math.max(first.cost, ...stages.map((stage) => stage.cost)) as 0 | 1 | 2,
        select: async (from, context) => unionOf(await runStages(first, stages, from, context)),
        mayMatch: first.mayMatch,
        mayLookAt: (block) => first.mayLookAt(block) || stages.some((stage) => stage.mayLookAt(block)),
      };
    }
  }
}

const ALL: Selector = { cost: 0, select: async (from) => from, mayMatch: () => true, mayLookAt: () => false };

function where(condition: CompiledExpression): Selector {
  const mayHoldIn = (block: CachedBlock) => condition.mayHold((hash) => bloomMayContain(block.bloom, hash));
  return {
    cost: condition.cost,
    mayMatch: (blocks) => blocks.some(mayHoldIn),
    mayLookAt: (block) => condition.cost > 0 && mayHoldIn(block),
    async select(from, { spans, pacer }) {
      const found = new Uint32Array(from.length);
      let count = 0;
      let i = 0;
      for (const [part, { block }] of spans.parts.entries()) {
        const end = spans.firsts[part + 1] as number;
        const mayHold = mayHoldIn(block);
        for (; i < from.length && (from[i] as number) < end; i++) {
          if (i % STRIDE === STRIDE - 1) await giveWay(pacer);
          if (mayHold && condition.holds(spans, from[i] as number)) found[count++] = from[i] as number;
        }
      }
      return found.subarray(0, count);
    },
  };
}

type Junction = Extract<SpansetExpression, { op: "and" | "or" }>;

/** All operands of a chain, in order, however long it is. */
function operandsOf({ op, left, right }: Junction): SpansetExpression[] {
  const operands: SpansetExpression[] = [];
  const waiting: SpansetExpression[] = [right, left];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next.op === op) waiting.push((next as Junction).right, (next as Junction).left);
    else operands.push(next);
  }
  return operands;
}

function junction(op: "and" | "or", parts: readonly Selector[]): Selector {
  // The cheap ones first: where one of them lets nothing through, bodies are not needed.
  const ordered = parts.toSorted((a, b) => a.cost - b.cost);
  return {
    cost: (ordered.at(-1)?.cost ?? 0) as 0 | 1 | 2,
    mayLookAt: (block) => parts.some((part) => part.mayLookAt(block)),
    mayMatch: (blocks) =>
      op === "and" ? parts.every((part) => part.mayMatch(blocks)) : parts.some((part) => part.mayMatch(blocks)),
    async select(from, context) {
      let all: Uint32Array = NO_SPANS;
      for (const part of ordered) {
        const some = await part.select(from, context);
        if (op === "and" && some.length === 0) return NO_SPANS;
        all = merge(all, some);
      }
      return all;
    },
  };
}

const INVERSE: Readonly<Record<SpanRelation, SpanRelation>> = {
  child: "parent",
  parent: "child",
  descendant: "ancestor",
  ancestor: "descendant",
  sibling: "sibling",
};

function structural(
  relation: SpanRelation,
  form: "plain" | "negated" | "union",
  left: Selector,
  right: Selector,
): Selector {
  const needsBoth = form !== "negated";
  return {
    cost: Math.max(left.cost, right.cost) as 0 | 1 | 2,
    mayLookAt: (block) => left.mayLookAt(block) || right.mayLookAt(block),
    mayMatch: (blocks) => right.mayMatch(blocks) && (!needsBoth || left.mayMatch(blocks)),
    async select(from, context) {
      const [first, second] = needsBoth && left.cost <= right.cost ? [left, right] : [right, left];
      const some = await first.select(from, context);
      if (some.length === 0) return NO_SPANS;
      const others = await second.select(from, context);
      const [lefts, rights] = first === left ? [some, others] : [others, some];
      if (lefts.length === 0 || rights.length === 0) return needsBoth ? NO_SPANS : rights;
      await giveWay(context.pacer);
      const { tree } = context.spans;
      const partnered = tree.related(relation, lefts, rights);
      if (form === "negated") return rights.filter((_, i) => partnered[i] === 0);
      const matched = rights.filter((_, i) => partnered[i] === 1);
      if (form === "plain") return matched;
      const inverse = tree.related(INVERSE[relation], rights, lefts);
      return merge(
        matched,
        lefts.filter((_, i) => inverse[i] === 1),
      );
    },
  };
}

/** Both together, each span once. */
function merge(a: Uint32Array, b: Uint32Array): Uint32Array {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const merged = new Uint32Array(a.length + b.length);
  let count = 0;
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const left = a[i] ?? Number.POSITIVE_INFINITY;
    const right = b[j] ?? Number.POSITIVE_INFINITY;
    merged[count++] = Math.min(left, right);
    if (left <= right) i++;
    if (right <= left) j++;
  }
  return merged.subarray(0, count);
}

/** The spans of all, each once. */
export function unionOf(sets: readonly Spanset[]): Uint32Array {
  if (sets.length <= 1) return sets[0]?.spans ?? NO_SPANS;
  return Uint32Array.from(new Set(sets.flatMap(({ spans }) => [...spans]))).sort();
}
