import type { UiUsual } from "../ui/api-types.ts";

/** A key whose values were taken out, and how many. */
export interface RedactedKey {
  readonly key: string;
  readonly values: number;
  /** It stood inside of a text: a parameter of a URL, a field of JSON. */
  readonly inText: boolean;
}

/** Of the element that holds a `SavedAbout` as JSON, with every `<` escaped. */
export const ABOUT_ID = "about";
/** Of the element that holds the spans: OTLP protobuf, TracesData, gzip, base64. */
export const SPANS_ID = "spans";

/** What a saved page knows of its trace beside the spans. */
export interface SavedAbout {
  readonly version: 1;
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** ms since the epoch */
  readonly savedAtMs: number;
  readonly spans: number;
  readonly redacted: readonly RedactedKey[];
  /** Of its services, what `TraceColumns.places` has. */
  readonly places: Readonly<Record<string, number>>;
  /** Usual times of the operations of the trace. */
  readonly usual: readonly UiUsual[];
  /** Why spans may lack, one sentence without a full stop. */
  readonly incomplete?: string;
}

/** The elements that a built page (dist/saved/page.html) has for a trace: JSON and base64 cannot end them. */
export function savedElements(about: SavedAbout, spansBase64: string): string {
  const json = JSON.stringify(about).replaceAll("<", "\\u003c");
  return [
    `<script type="application/json" id="${ABOUT_ID}">${json}</script>`,
    `<script type="text/plain" id="${SPANS_ID}">${spansBase64}</script>`,
  ].join("\n");
}

/** What a saved page says of itself; undefined for any other text. */
export function savedAboutOf(html: string): SavedAbout | undefined {
  const json = new RegExp(`<script type="application/json" id="${ABOUT_ID}">([^<]*)</script>`).exec(html)?.[1];
  return json === undefined ? undefined : (JSON.parse(json) as SavedAbout);
}
