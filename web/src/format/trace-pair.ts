/** In the place of an id: a request of the other's operation that took as long as most do. */
export const TYPICAL = "typical";

/** The traces that an address compares: `a...b`, as Jaeger UI has it. Ids are 32 lower-case hex digits. */
export interface TracePair {
  readonly a: string;
  readonly b: string;
}

/** Whether the last part of a trace's address names two. */
export function isPair(text: string): boolean {
  return text.includes("...");
}

/** What an address compares; or in words what is wrong with it. */
export function parsePair(text: string): TracePair | { readonly problem: string } {
  const [first = "", second = "", ...more] = text.split("...");
  if (more.length > 0) return { problem: "Two traces can be compared, not more." };
  const [a, b] = [idOf(first), idOf(second)];
  if (a === undefined || b === undefined) {
    const wrong = a === undefined ? first : second;
    return { problem: wrong === "" ? "The address names one trace only." : `${wrong} is no trace id.` };
  }
  if (a === TYPICAL && b === TYPICAL) return { problem: "The address names no trace." };
  if (a === b) return { problem: "Both are the same trace." };
  return { a, b };
}

/** The last part of the address that compares them. */
export function pairText({ a, b }: TracePair): string {
  return `${a}...${b}`;
}

function idOf(text: string): string | undefined {
  const id = text.trim().toLowerCase();
  if (id === TYPICAL) return id;
  return /^[0-9a-f]{1,32}$/.test(id) ? id.padStart(32, "0") : undefined;
}
