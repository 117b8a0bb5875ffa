import type { UiEvent } from "../../../../src/query/ui/api-types.ts";
import { isLibraryFrame } from "./stack-frames.ts";

interface StackLine {
  readonly text: string;
  /**
   * `frame` is a call in the program's own code, `library` one in a runtime or an installed package, `cause` begins a
   * nested error, `text` is all else (messages, source lines).
   */
  readonly kind: "frame" | "library" | "cause" | "text";
}

/** Lines of a stack that follow each other: those of libraries fold together. */
export interface StackPart {
  readonly library: boolean;
  readonly lines: readonly StackLine[];
  /** Calls among the lines. */
  readonly frames: number;
}

export interface ExceptionView {
  readonly type: string;
  readonly message: string;
  readonly stack: readonly StackLine[];
}

const FRAME = /^\s*(?:at\s|File "|goroutine \d|from |\S+\.go:\d+|#\d+ |\.\.\. \d+ |\t)/;
const GO_CALL = /^[\w./*()-]+\.[\w.()*{}]+\(.*\)$/;
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

/** The stack in parts: runs of library calls, with the source lines that belong to them, and all else. */
export function stackParts(stack: readonly StackLine[]): readonly StackPart[] {
  const parts: { library: boolean; lines: StackLine[]; frames: number }[] = [];
  for (const line of stack) {
    const last = parts.at(-1);
    // A line of source is indented below the call that it belongs to.
    const belongs = line.kind === "text" && last !== undefined && /^\s/.test(line.text);
    const library = belongs ? last.library : line.kind === "library";
    const frames = line.kind === "frame" || line.kind === "library" ? 1 : 0;
    if (last === undefined || last.library !== library) parts.push({ library, lines: [line], frames });
    else {
      last.lines.push(line);
      last.frames += frames;
    }
  }
  return parts;
}

function kindOf(line: string): StackLine["kind"] {
  if (CAUSE.test(line)) return "cause";
  if (!FRAME.test(line) && !GO_CALL.test(line)) return "text";
  return isLibraryFrame(line) ? "library" : "frame";
}
