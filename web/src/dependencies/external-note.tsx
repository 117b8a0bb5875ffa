import type { UiExternalCalls } from "../../../src/query/ui/external-calls/external-types.ts";
import { counted } from "../format/count.ts";

/** What is not known of databases, queues and others; nothing where all is. */
export function ExternalNote({
  answer,
  error,
}: {
  readonly answer: UiExternalCalls | undefined;
  readonly error: Error | null;
}) {
  const sentences: string[] = [];
  if (error !== null) sentences.push(`Databases, queues and external systems could not be loaded: ${error.message}.`);
  if (answer?.complete === false) {
    sentences.push(`External systems, or calls to them, may be missing: ${answer.reason ?? "the count ended early"}.`);
  }
  if (answer !== undefined && answer.left > 0) {
    sentences.push(`${counted(answer.left, "external system")} of fewer calls are not shown.`);
  }
  return sentences.length === 0 ? null : <p className="muted">{sentences.join(" ")}</p>;
}
