import type { Command } from "commander";
import { PermanentError } from "../../../component/errors.ts";
import type { TraceReference } from "../../../model/trace-reference.ts";
import { terminalWidth } from "../../../query/text/width.ts";
import type { UiTraceSummary } from "../../../query/ui/api-types.ts";
import { ApiClient } from "../../client/api-client.ts";
import { findTrace } from "../../client/find-trace.ts";
import type { ConnectionFlags } from "../../options/connection-flags.ts";
import { createProgress } from "../../output/progress.ts";
import { traceList } from "../../output/trace-list.ts";

/** Traces that are listed where a beginning of an id fits several. */
const LISTED = 20;

/** The collector that is asked for a trace: a link says where its own is, unless the user does with --url. */
export function clientOf({ base }: TraceReference, flags: ConnectionFlags, command: Command): ApiClient {
  const isSaid = command.getOptionValueSource("url") === "cli";
  return new ApiClient(isSaid || base === undefined ? flags : { ...flags, url: base });
}

/**
 * Reads the trace that a user named, with progress where its id is looked for by its beginning.
 * @param json what is printed is JSON: no progress then
 * @throws PermanentError `not_found`; `bad_request` with a list where the digits fit several
 */
export async function readOneTrace<T>(
  client: ApiClient,
  reference: TraceReference,
  json: boolean,
  read: (id: string) => Promise<T>,
): Promise<T> {
  const progress = await createProgress("traces", json);
  const several = (traces: readonly UiTraceSummary[]) => {
    const list = traceList(traces.slice(0, LISTED), terminalWidth(process.stderr));
    const more = traces.length > LISTED ? `and ${traces.length - LISTED} more\n` : "";
    return new PermanentError(
      "bad_request",
      `${reference.digits} fits several traces; give more digits\n${list}${more}`.trimEnd(),
    );
  };
  try {
    return await findTrace(client, reference, read, several, (traces) => progress.count(traces, "looked at"));
  } finally {
    progress.stop();
  }
}
