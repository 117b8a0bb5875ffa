import { PEER_KEYS, REMOTE_RANK } from "../../codec/zipkin/endpoints.ts";
import { SPAN_KIND } from "../../model/span.ts";
import type { SpanFilter } from "../../model/trace-query.ts";

const CALLS_OUT: SpanFilter = { op: "or", of: [kindIs(SPAN_KIND.client), kindIs(SPAN_KIND.producer)] };

/** Spans that may have a remote endpoint with a name. */
export const HAS_REMOTE: SpanFilter = { op: "or", of: REMOTE_RANK.map(({ key }) => exists(key)) };

/**
 * Spans whose remote endpoint has the name, in any case: by the attributes that `remoteEndpoint` reads, the first that
 * a span has. What it makes an address of is not told apart from a name.
 */
export function remoteServiceIs(name: string): SpanFilter {
  const pattern = anyCase(name);
  const rank = (keys: readonly string[]): SpanFilter => ({
    op: "or",
    of: keys.map((key, i) => ({
      op: "and",
      of: [
        { op: "compare", field: { scope: "span", key }, is: "=~", value: { type: "text", value: pattern } },
        ...keys.slice(0, i).map((better): SpanFilter => ({ op: "not", of: exists(better) })),
      ],
    })),
  });
  const all = REMOTE_RANK.map(({ key }) => key);
  const peers = all.filter((key) => PEER_KEYS.has(key));
  return {
    op: "or",
    of: [
      { op: "and", of: [CALLS_OUT, rank(all)] },
      { op: "and", of: [{ op: "not", of: CALLS_OUT }, rank(peers)] },
    ],
  };
}

/** A pattern that the whole of a text matches in whatever case it is written. */
function anyCase(text: string): string {
  return Array.from(text, (char) => {
    const [lower, upper] = [char.toLowerCase(), char.toUpperCase()];
    if (lower !== upper && lower.length === 1 && upper.length === 1) return `[${lower}${upper}]`;
    return /[\\^$.*+?()[\]{}|/]/.test(char) ? `\\${char}` : char;
  }).join("");
}

function exists(key: string): SpanFilter {
  return { op: "exists", field: { scope: "span", key } };
}

function kindIs(value: 3 | 4): SpanFilter {
  return { op: "compare", field: { intrinsic: "kind" }, is: "=", value: { type: "kind", value } };
}
