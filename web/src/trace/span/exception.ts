import type { UiEvent } from "../../../../src/query/ui/api-types.ts";

interface StackLine {
  readonly text: string;
  /**
   * `frame` is a call in the program's own code, `library` one in a runtime or an installed package, `cause` begins a
   * nested error, `text` is all else (messages, source lines).
   */
  readonly kind: "frame" | "library" | "cause" | "text";
}

export interface ExceptionView {
  readonly type: string;
  readonly message: string;
  readonly stack: readonly StackLine[];
}

const FRAME = /^\s*(?:at\s|File "|goroutine \d|from |\S+\.go:\d+|\t)/;
const LIBRARY =
  /node_modules|node:internal|\(node:|<anonymous>|site-packages|dist-packages|\/lib\/python|\bjava\.|\bjavax\.|\bjdk\.|\bsun\.|\borg\.(?:springframework|apache|eclipse|hibernate)\b|\bkotlin\.|\bscala\.|\/usr\/local\/go\/|\bSystem\.|\bMicrosoft\./;
const CAUSE =
  /^(?:Caused by:|\s*\[cause\]:|Suppressed:|During handling of the above exception|The above exception was the direct cause|\s*--- End of inner exception)/;

/**
 * An `exception` event (OpenTelemetry semantic conventions for exceptions) as type, message and parsed stack; undefined
 * for other events. Reads the stacks of JavaScript, Python, Java, Go, .NET and Ruby line by line and keeps every line.
 */
export function readException(event: UiEvent): ExceptionView | undefined {
  if (event.name !== "exception") return undefined;
  const text = (key: string): string => {
    const found = event.attributes.find((attribute) => attribute.key === key);
    return typeof found?.value === "string" ? found.value : "";
  };
  return {
    type: text("exception.type"),
    message: text("exception.message"),
    stack: parseStack(text("exception.stacktrace")),
  };
}

export function parseStack(text: string): readonly StackLine[] {
  if (text.trim() === "") return [];
  return text
    .replace(/\r\n?/g, "\n")
    .replace(/\n+$/, "")
    .split("\n")
    .map((line) => ({ text: line, kind: kindOf(line) }));
}

function kindOf(line: string): StackLine["kind"] {
  if (CAUSE.test(line)) return "cause";
  if (!FRAME.test(line)) return "text";
  return LIBRARY.test(line) ? "library" : "frame";
}
