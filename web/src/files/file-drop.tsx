import { useEffect, useRef, useState } from "react";
import { IconButton } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import styles from "./file-drop.module.css";
import { useFiles } from "./use-files.ts";

/** The button that chooses files of traces, and the whole page as a place to drop them on. */
export function FileDrop() {
  const { open } = useFiles();
  const field = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const latest = useRef(open);
  latest.current = open;
  useEffect(() => {
    const onDrag = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes("Files") !== true) return;
      // Without it the browser leaves the page and shows the file.
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
      setOver(true);
    };
    const onLeave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const onDrop = (event: DragEvent) => {
      const files = [...(event.dataTransfer?.files ?? [])];
      setOver(false);
      if (event.dataTransfer?.types.includes("Files") !== true) return;
      event.preventDefault();
      if (files.length > 0) void latest.current(files);
    };
    window.addEventListener("dragover", onDrag);
    window.addEventListener("dragleave", onLeave);
    window.addEventListener("drop", onDrop);
    return () => {
      window.removeEventListener("dragover", onDrag);
      window.removeEventListener("dragleave", onLeave);
      window.removeEventListener("drop", onDrop);
    };
  }, []);
  return (
    <>
      <input
        ref={field}
        type="file"
        multiple
        hidden
        aria-label="Files of traces"
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          // The same file can be chosen again.
          event.target.value = "";
          if (files.length > 0) void open(files);
        }}
      />
      <IconButton
        title="Open a file of traces: OTLP, Jaeger or Zipkin. It stays in this tab"
        aria-label="Open a file of traces"
        onClick={() => field.current?.click()}
      >
        <Icon name="open" />
      </IconButton>
      {over && (
        <div className={styles.over}>
          <p className={styles.text}>
            <strong>Drop to open in this tab</strong>
            <span>OTLP JSON, JSON Lines or protobuf, Jaeger JSON, Zipkin JSON. Nothing is stored.</span>
          </p>
        </div>
      )}
    </>
  );
}
