import { useQueryClient } from "@tanstack/react-query";
import { apiUrl } from "../api/client.ts";
import { useTraceOrigin } from "../api/local-source.ts";
import { Icon } from "../ui/icon.tsx";
import { Menu } from "../ui/menu.tsx";

/** The trace as a file: as the collector has it, or, of a trace that is not stored, as the page has it. */
export function DownloadMenu({ traceId }: { readonly traceId: string }) {
  const origin = useTraceOrigin(traceId);
  const local = useQueryClient().getDefaultOptions().queries?.meta?.local;
  const path = `api/ui/traces/${traceId}/download`;
  if (origin !== "store") {
    const save = async () => {
      const bytes = await local?.answer(path, { format: "otlp" });
      if (bytes !== undefined) saveAs(`trace-${traceId}.otlp.json`, bytes);
    };
    return (
      <Menu label="Download the trace" caption="Download">
        <button type="button" onClick={() => void save()}>
          <Icon name="download" /> OTLP JSON
        </button>
      </Menu>
    );
  }
  const download = (format: string) => apiUrl(path, { format });
  return (
    <Menu label="Download the trace" caption="Download">
      <a href={download("otlp")} download>
        <Icon name="download" /> OTLP JSON
      </a>
      <a href={download("jaeger")} download>
        <Icon name="download" /> Jaeger JSON
      </a>
      <a
        href={apiUrl(`api/ui/traces/${traceId}/page`)}
        download
        title="This page as one file that needs no server; secrets are taken out"
      >
        <Icon name="download" /> HTML, to open anywhere
      </a>
    </Menu>
  );
}

/** Has the browser save bytes that the page made. */
function saveAs(name: string, bytes: Uint8Array<ArrayBuffer>): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes], { type: "application/json" }));
  link.download = name;
  link.click();
  // The browser has taken hold of it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
