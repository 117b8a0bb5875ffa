import { type ReadAttribute, type SpanFacts, spanFacts } from "./span-facts.ts";

/** What a span did, short enough for its row; parts may be empty. */
export interface RowLabel {
  /** `POST`, `SELECT`, `publish`. */
  readonly verb: string;
  /** `/reservations`, `stock`, `orders`. */
  readonly target: string;
  /** `503`, `gRPC 14`, `1,291 tokens`. */
  readonly outcome: string;
}

/** Characters of each part; what is longer ends in `…`. */
const MOST = { verb: 24, target: 80, outcome: 24 } as const;
const PART = "\t";

/** The label of a span as one text that `parseRowLabel` reads back; empty where its attributes say nothing. */
export function rowLabelText(read: ReadAttribute): string {
  const facts = spanFacts(read);
  if (facts === undefined) return "";
  const { verb, target, outcome } = labelOf(facts);
  const parts = [cut(verb, MOST.verb), cut(target, MOST.target), cut(outcome, MOST.outcome)];
  return parts.every((part) => part === "") ? "" : parts.join(PART);
}

export function parseRowLabel(text: string): RowLabel {
  const [verb = "", target = "", outcome = ""] = text.split(PART);
  return { verb, target, outcome };
}

function labelOf(facts: SpanFacts): RowLabel {
  switch (facts.system) {
    case "http":
      return { verb: facts.method, target: facts.route || facts.path, outcome: facts.status };
    case "database":
      return { verb: facts.operation, target: facts.collection, outcome: "" };
    case "rpc": {
      const target = [facts.service, facts.method].filter((part) => part !== "").join("/");
      const good = facts.status === "" || facts.status === "0" || facts.status === "OK";
      return { verb: "", target, outcome: good ? "" : `gRPC ${facts.status}` };
    }
    case "messaging":
      return { verb: facts.operation, target: facts.destination, outcome: "" };
    case "genai":
      return { verb: facts.operation, target: facts.tool || facts.model, outcome: tokensText(facts) };
  }
}

function tokensText({ inputTokens, outputTokens }: Extract<SpanFacts, { system: "genai" }>): string {
  const tokens = Number(inputTokens || 0) + Number(outputTokens || 0);
  return Number.isSafeInteger(tokens) && tokens > 0 ? `${tokens.toLocaleString("en")} tokens` : "";
}

/** On one line, without what turns directions round. */
function cut(text: string, most: number): string {
  const line = text
    .slice(0, 4 * most)
    .replace(/[\p{Cc}\p{Cf}\s\ufffd]+/gu, " ")
    .trim();
  const characters = [...line];
  return characters.length > most ? `${characters.slice(0, most - 1).join("")}…` : line;
}
