import { useState } from "react";
import { counted } from "../../format/count.ts";
import { LinkButton } from "../../ui/button.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { type ExceptionView, type StackPart, stackParts } from "./exception.ts";
import styles from "./exception-card.module.css";

/** Longer stacks are cut; the button below shows the rest. */
const SHOWN_LINES = 200;

/** What was thrown: type, message and stack, of which calls in libraries are folded away. */
export function ExceptionCard({ exception }: { readonly exception: ExceptionView }) {
  const [whole, setWhole] = useState(false);
  const { type, message, stack } = exception;
  const shown = whole ? stack : stack.slice(0, SHOWN_LINES);
  return (
    <div className={styles.card} data-part="exception">
      <div className={styles.head}>
        <Icon name="error" />
        <div>
          <strong>{type === "" ? "Exception" : type}</strong>
          {message !== "" && <p dir="auto">{message}</p>}
        </div>
        {stack.length > 0 && (
          <CopyButton text={stack.map((line) => line.text).join("\n")} label="Copy the stack trace" />
        )}
      </div>
      {stack.length > 0 && <Stack parts={stackParts(shown)} />}
      {stack.length > SHOWN_LINES && (
        <LinkButton onClick={() => setWhole(!whole)}>
          {whole ? "show less" : `all ${counted(stack.length, "line")}`}
        </LinkButton>
      )}
    </div>
  );
}

function Stack({ parts }: { readonly parts: readonly StackPart[] }) {
  // A stack that is all of libraries would be empty otherwise.
  const own = parts.some(({ library, frames }) => !library && frames > 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <pre className={styles.stack} tabIndex={0}>
      {parts.map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts of a fixed text
        <Part key={index} part={part} open={!part.library || !own} />
      ))}
    </pre>
  );
}

function Part({ part, open }: { readonly part: StackPart; readonly open: boolean }) {
  const [shown, setShown] = useState(open);
  if (!shown) {
    return (
      <button type="button" className={styles.folded} onClick={() => setShown(true)}>
        ⋯ {counted(part.frames, "call")} in libraries
      </button>
    );
  }
  return part.lines.map((line, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: lines of a fixed text
    <span key={index} data-kind={line.kind} className={styles.line}>
      {line.text}
    </span>
  ));
}
