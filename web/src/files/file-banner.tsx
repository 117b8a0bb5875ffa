import { Link } from "@tanstack/react-router";
import { formatBytes } from "../format/bytes.ts";
import { counted } from "../format/count.ts";
import { Button } from "../ui/button.tsx";
import { Notice } from "../ui/notice.tsx";
import { Waiting } from "../ui/waiting.tsx";
import styles from "./file-banner.module.css";
import type { OpenedFiles } from "./file-messages.ts";
import { useFiles } from "./use-files.ts";

/** What of files is open in this tab, and that nothing of it is stored; on every page, until they are closed. */
export function FileBanner() {
  const { state, close } = useFiles();
  if (state.kind === "none") return null;
  if (state.kind === "reading") {
    return (
      <div className={styles.banner}>
        <Waiting text={`Reading ${namesText(state.names)}`} />
        <Button onClick={() => void close()}>Stop</Button>
      </div>
    );
  }
  if (state.kind === "failed") {
    return (
      <Notice
        tone="error"
        title={`${namesText(state.names)} could not be opened`}
        className={styles.problem}
        action={<Button onClick={() => void close()}>Dismiss</Button>}
      >
        <span className="break-anywhere">{state.message}</span>
      </Notice>
    );
  }
  const { opened } = state;
  return (
    <>
      <div className={styles.banner} role="status">
        <span className={styles.text}>
          <b className="break-anywhere">{namesText(opened.names)}</b>{" "}
          <span className="muted">
            {opened.format}, {formatBytes(opened.bytes)}. Kept in this tab, not stored.
          </span>
        </span>
        <TracesLink opened={opened} />
        <Button onClick={() => void close()}>Close the file</Button>
      </div>
      {opened.notes !== "" && (
        <Notice tone="warning" title="Not all of it could be read" className={styles.problem}>
          <span className="break-anywhere">{opened.notes}</span>
        </Notice>
      )}
    </>
  );
}

function TracesLink({ opened: { traces } }: { readonly opened: OpenedFiles }) {
  const [only, ...more] = traces;
  if (only !== undefined && more.length === 0) {
    return (
      <Link to="/trace/$traceId" params={{ traceId: only.traceId }} search={{}}>
        Its trace
      </Link>
    );
  }
  return <Link to="/file">Its {counted(traces.length, "trace")}</Link>;
}

function namesText(names: readonly string[]): string {
  const [first = "", ...more] = names;
  return more.length === 0 ? first : `${first} and ${counted(more.length, "more file")}`;
}
