import type { NextFunction, Request, Response } from "express";
import { PermanentError } from "../../component/errors.ts";
import type { ConsulNode } from "./consul-format.ts";

/** They change nothing about what one agent answers. */
const HARMLESS: ReadonlySet<string> = new Set([
  "pretty",
  "stale",
  "consistent",
  "max_stale",
  "cached",
  "near",
  "hash",
  "merge-central-config",
  // Whether it is right has been asked before.
  "token",
]);
/** Of those the default, or none, is all that there is. */
const DEFAULT_ONLY: ReadonlySet<string> = new Set(["ns", "partition", "peer"]);

export const BLOCKING = ["index", "wait"] as const;

/**
 * Refuses query parameters that a route does not know: an answer that a filter should have shortened, and did not,
 * would be taken for the filtered one.
 */
export function takes(node: ConsulNode, ...names: readonly string[]) {
  const known = new Set(names);
  return (request: Request, _response: Response, next: NextFunction): void => {
    for (const [name, value] of queryOf(request)) {
      if (known.has(name) || HARMLESS.has(name)) continue;
      if (name === "dc" && (value === "" || value === node.datacenter)) continue;
      if (name === "dc") {
        throw new PermanentError("bad_request", `No path to datacenter ${value}: this is ${node.datacenter}`);
      }
      if (DEFAULT_ONLY.has(name) && (value === "" || value === "default")) continue;
      if (name === "filter" && value === "") continue;
      throw new PermanentError("unsupported", `the parameter ${name} is not supported by this registry`);
    }
    next();
  };
}

/** Whether the node carries all the metadata that `node-meta` asks for: it has none. */
export function isOfNode(request: Request): boolean {
  return queryOf(request)
    .getAll("node-meta")
    .every((pair) => pair === "");
}

export function queryOf(request: Request): URLSearchParams {
  return new URL(request.originalUrl, "http://localhost").searchParams;
}

/** Ids may hold slashes, written as such or escaped. */
export function wildcard(request: Request, key: string): string {
  const value = (request.params as Record<string, unknown>)[key];
  return Array.isArray(value) ? value.join("/") : String(value);
}
