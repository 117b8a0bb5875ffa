import type { ReadAttribute, SpanFacts } from "../../../../src/query/analysis/span-facts.ts";
import { spanFacts } from "../../../../src/query/analysis/span-facts.ts";
import { formatBytes } from "../../format/bytes.ts";
import { formatCount } from "../../format/count.ts";
import { formatSql } from "./sql-format.ts";

/** What a span did, in the words of its protocol; made of its attributes by OpenTelemetry's conventions. */
export interface SpanCard {
  readonly title: string;
  /** The request or the statement in a line; may be empty. */
  readonly summary: string;
  readonly outcome: { readonly text: string; readonly bad: boolean } | undefined;
  readonly rows: readonly (readonly [name: string, value: string])[];
  /** A statement, laid out where it is SQL. */
  readonly code: string;
}

/** Undefined where the attributes say nothing of a protocol. */
export function semanticCard(read: ReadAttribute): SpanCard | undefined {
  const facts = spanFacts(read);
  if (facts === undefined) return undefined;
  const card = cardOf(facts, (...keys) => keys.map(read).find((value) => value !== undefined && value !== "") ?? "");
  return { ...card, rows: card.rows.filter(([, value]) => value !== "") };
}

type First = (...keys: readonly string[]) => string;

function cardOf(facts: SpanFacts, first: First): SpanCard {
  switch (facts.system) {
    case "http":
      return httpCard(facts, first);
    case "database":
      return databaseCard(facts, first);
    case "rpc":
      return rpcCard(facts, first);
    case "messaging":
      return messagingCard(facts, first);
    case "genai":
      return genAiCard(facts, first);
  }
}

function httpCard(facts: Extract<SpanFacts, { system: "http" }>, first: First): SpanCard {
  return {
    title: "HTTP",
    summary: `${facts.method} ${facts.route || facts.path || facts.url}`.trim(),
    outcome: facts.status === "" ? undefined : { text: facts.status, bad: Number(facts.status) >= 400 },
    rows: [
      ["URL", facts.url],
      ["Path", facts.url === "" && facts.route !== "" ? facts.path : ""],
      ["Query", first("url.query")],
      ["Server", withPort(facts.server, first("server.port", "net.peer.port", "net.host.port"))],
      ["Client", first("client.address", "http.client_ip")],
      ["Sent again", first("http.request.resend_count", "http.resend_count")],
      ["Request", sizeText(first("http.request.body.size", "http.request_content_length"))],
      ["Response", sizeText(first("http.response.body.size", "http.response_content_length"))],
      ["Version", first("network.protocol.version", "http.flavor")],
      ["User agent", first("user_agent.original", "http.user_agent")],
    ],
    code: "",
  };
}

function databaseCard(facts: Extract<SpanFacts, { system: "database" }>, first: First): SpanCard {
  return {
    title: facts.product === "" ? "Database" : facts.product,
    summary: `${facts.operation} ${facts.collection}`.trim(),
    outcome: facts.status === "" ? undefined : { text: facts.status, bad: first("error.type") !== "" },
    rows: [
      ["Database", facts.namespace],
      ["Server", withPort(facts.server, first("server.port", "net.peer.port"))],
      ["User", first("db.user")],
      ["Batch of", first("db.operation.batch.size")],
      ["Rows", first("db.response.returned_rows")],
    ],
    code: formatSql(facts.query),
  };
}

function rpcCard(facts: Extract<SpanFacts, { system: "rpc" }>, first: First): SpanCard {
  const ok = facts.status === "0" || facts.status === "OK";
  return {
    title: facts.product === "grpc" || facts.product === "" ? "gRPC" : facts.product,
    summary: [facts.service, facts.method].filter((part) => part !== "").join("/"),
    outcome: facts.status === "" ? undefined : { text: ok ? "OK" : `code ${facts.status}`, bad: !ok },
    rows: [["Server", withPort(facts.server, first("server.port", "net.peer.port"))]],
    code: "",
  };
}

function messagingCard(facts: Extract<SpanFacts, { system: "messaging" }>, first: First): SpanCard {
  return {
    title: facts.product,
    summary: `${facts.operation} ${facts.destination}`.trim(),
    outcome: undefined,
    rows: [
      ["Message", first("messaging.message.id", "messaging.message_id")],
      ["Conversation", first("messaging.message.conversation_id")],
      ["Messages", first("messaging.batch.message_count")],
      ["Consumer group", first("messaging.consumer.group.name", "messaging.kafka.consumer.group")],
      ["Partition", first("messaging.destination.partition.id", "messaging.kafka.destination.partition")],
      ["Offset", first("messaging.kafka.offset", "messaging.kafka.message.offset")],
      ["Size", sizeText(first("messaging.message.body.size", "messaging.message.envelope.size"))],
      ["Server", withPort(facts.server, first("server.port", "net.peer.port"))],
    ],
    code: "",
  };
}

function genAiCard(facts: Extract<SpanFacts, { system: "genai" }>, first: First): SpanCard {
  const asked = first("gen_ai.request.model");
  return {
    title: facts.product === "" ? "Generative AI" : facts.product,
    summary: `${facts.operation} ${facts.tool || facts.model}`.trim(),
    outcome: undefined,
    rows: [
      ["Model", facts.model],
      ["Asked for", asked === facts.model ? "" : asked],
      ["Tokens", tokensText(facts.inputTokens, facts.outputTokens)],
      ["Finished", first("gen_ai.response.finish_reasons")],
      ["Agent", first("gen_ai.agent.name")],
      ["Tool", facts.tool],
      ["Tool call", first("gen_ai.tool.call.id")],
      ["Conversation", first("gen_ai.conversation.id")],
      ["Temperature", first("gen_ai.request.temperature")],
      ["At most", first("gen_ai.request.max_tokens")],
    ],
    code: "",
  };
}

/** `1,204 in, 87 out`. */
function tokensText(input: string, output: string): string {
  const parts = [
    ...(input === "" ? [] : [`${countText(input)} in`]),
    ...(output === "" ? [] : [`${countText(output)} out`]),
  ];
  return parts.join(", ");
}

function countText(text: string): string {
  return /^\d{1,15}$/.test(text) ? formatCount(Number(text)) : text;
}

function sizeText(text: string): string {
  return /^\d{1,15}$/.test(text) ? formatBytes(Number(text)) : text;
}

function withPort(server: string, port: string): string {
  return server === "" || port === "" || server.includes(":") ? server : `${server}:${port}`;
}
