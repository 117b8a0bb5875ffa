import { useEffect, useState } from "react";
import { formatDuration } from "../../../src/model/duration-text.ts";
import { traceDuration } from "../../../src/query/ui/columns-format.ts";
import { apiUrl } from "../api/client.ts";
import { useTraceOrigin } from "../api/local-source.ts";
import { counted } from "../format/count.ts";
import { copyText } from "../ui/copy-text.ts";
import { Icon } from "../ui/icon.tsx";
import { Menu } from "../ui/menu.tsx";
import { operationOf, serviceOfRow, spanIdOf, type TraceModel } from "./model/trace-model.ts";

/** What of a trace goes to the clipboard. */
export function CopyMenu({ model }: { readonly model: TraceModel }) {
  const [said, setSaid] = useState<"Copied" | "Refused">();
  useEffect(() => {
    if (said === undefined) return;
    const timer = setTimeout(() => setSaid(undefined), 1600);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async (text: string) => setSaid((await copyText(text)) ? "Copied" : "Refused");
  const { columns } = model;
  const origin = useTraceOrigin(columns.traceId);
  const items: readonly (readonly [caption: string, text: () => string])[] = [
    // What the collector has not has no address that others could open.
    ...(origin === "store" ? [["Link to this view", () => location.href] as const] : []),
    ["Trace id", () => columns.traceId],
    ["traceparent", () => `00-${columns.traceId}-${spanIdOf(columns, model.times.root ?? 0)}-01`],
    ...(origin === "store" ? [["curl for its OTLP JSON", () => curlOf(columns.traceId)] as const] : []),
    ["Summary as Markdown", () => markdownOf(model, origin === "store" ? location.href : undefined)],
  ];
  return (
    <Menu label="Copy" caption={said ?? "Copy"}>
      {items.map(([caption, text]) => (
        <button key={caption} type="button" onClick={() => void copy(text())}>
          <Icon name="copy" /> {caption}
        </button>
      ))}
    </Menu>
  );
}

function curlOf(traceId: string): string {
  return `curl '${apiUrl(`api/ui/traces/${traceId}/download`, { format: "otlp" })}'`;
}

/** @param address where it can be seen */
function markdownOf(model: TraceModel, address: string | undefined): string {
  const { columns, errorRows, services } = model;
  const row = model.times.root ?? 0;
  const name = `${serviceOfRow(columns, row)} ${operationOf(columns, row)}`.replace(/[\\`*_[\]<>|]/g, "\\$&");
  const facts = [
    formatDuration(traceDuration(columns)),
    counted(columns.count, "span"),
    counted(errorRows.length, "error"),
    counted(services.length, "service"),
  ];
  const title = name.replace(/\s+/g, " ");
  return `${address === undefined ? title : `[${title}](${address})`}: ${facts.join(", ")}`;
}
