import { PermanentError } from "../../component/errors.ts";

/** A structured filter as Jaeger's RFC 0005 writes it (jaeger.expression.v1); a predicate is a `Call`. */
export interface Call {
  readonly op: string;
  readonly args: readonly Expression[];
  /** Where it stands: `query.filter.args[1].call`. */
  readonly at: string;
}

export type Expression =
  | { readonly term: "attr"; readonly key: string; readonly level: string; readonly at: string }
  | { readonly term: "field"; readonly name: string; readonly level: string; readonly at: string }
  | { readonly term: "nested"; readonly level: string; readonly at: string }
  | { readonly term: "scalar"; readonly value: string; readonly type: string; readonly at: string }
  | { readonly term: "list"; readonly values: readonly string[]; readonly type: string; readonly at: string }
  | ({ readonly term: "call" } & Call);

const TERMS = ["attr", "field", "nested", "scalar", "list", "call"] as const;
/** As deep as the store takes a filter, and more than anybody writes. */
const MAX_DEPTH = 48;
const MAX_TERMS = 1_000;

/** A filter of the query string. @throws PermanentError `bad_request` with the place and what was expected */
export function parseExpression(text: string): Call {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw badFilter("query.filter", `no JSON: ${(error as Error).message}`);
  }
  return readExpression(json);
}

/** A filter as an object: JSON's, or a decoded message whose absent fields are null. Throws as `parseExpression`. */
export function readExpression(json: unknown): Call {
  let terms = 0;
  const count = (more: number, at: string) => {
    terms += more;
    if (terms > MAX_TERMS) throw badFilter(at, `more than ${MAX_TERMS} terms, values of lists included`);
  };
  const call = (value: unknown, at: string, depth: number): Call => {
    if (depth > MAX_DEPTH) throw badFilter(at, `nested deeper than ${MAX_DEPTH}`);
    const { op, args } = members(value, at, ["op", "args"]);
    const list = optionalList(args, `${at}.args`);
    return { op: text(op, `${at}.op`), args: list.map((arg, i) => read(arg, `${at}.args[${i}]`, depth + 1)), at };
  };
  const read = (value: unknown, at: string, depth: number): Expression => {
    count(1, at);
    const object = members(value, at, TERMS);
    const set = TERMS.filter((name) => object[name] !== undefined && object[name] !== null);
    const term = set[0];
    if (term === undefined || set.length > 1) throw badFilter(at, `expected exactly one of ${TERMS.join(", ")}`);
    const place = `${at}.${term}`;
    if (term === "call") return { term, ...call(object.call, place, depth) };
    const one = atom(term, object[term], place);
    if (one.term === "list") count(one.values.length, place);
    return one;
  };
  return call(json, "query.filter", 0);
}

function atom(term: Exclude<(typeof TERMS)[number], "call">, value: unknown, at: string): Expression {
  switch (term) {
    case "attr": {
      const { key, level } = members(value, at, ["key", "level"]);
      return { term, key: required(key, `${at}.key`), level: text(level, `${at}.level`), at };
    }
    case "field": {
      const { name, level } = members(value, at, ["name", "level"]);
      return { term, name: required(name, `${at}.name`), level: required(level, `${at}.level`), at };
    }
    case "nested":
      return { term, level: required(members(value, at, ["level"]).level, `${at}.level`), at };
    case "scalar": {
      const { value: constant, type } = members(value, at, ["value", "type"]);
      return { term, value: text(constant, `${at}.value`), type: text(type, `${at}.type`), at };
    }
    case "list": {
      const { values, type } = members(value, at, ["values", "type"]);
      const list = optionalList(values, `${at}.values`).map((item, i) => text(item, `${at}.values[${i}]`));
      if (list.length === 0) throw badFilter(`${at}.values`, "expected at least one value");
      return { term, values: list, type: text(type, `${at}.type`), at };
    }
  }
}

/** A `bad_request` that says where in the filter. */
export function badFilter(at: string, why: string): PermanentError {
  return new PermanentError("bad_request", `malformed parameter query.filter: ${at}: ${why}`);
}

function members<Name extends string>(
  value: unknown,
  at: string,
  names: readonly Name[],
): { readonly [K in Name]?: unknown } {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw badFilter(at, "expected an object");
  const unknown = Object.keys(value).find((name) => !(names as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw badFilter(at, `unknown member ${JSON.stringify(unknown)}, known: ${names.join(", ")}`);
  return value as { readonly [K in Name]?: unknown };
}

function text(value: unknown, at: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw badFilter(at, `got ${JSON.stringify(value)}, expected a text`);
  return value;
}

function required(value: unknown, at: string): string {
  const given = text(value, at);
  if (given === "") throw badFilter(at, "is missing");
  return given;
}

function optionalList(value: unknown, at: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw badFilter(at, "expected a list");
  return value;
}
