/** `final`: no repetition can mend it, so it counts at once whatever the threshold. */
export type ProbeResult =
  | { readonly ok: true; readonly output: string }
  | { readonly ok: false; readonly output: string; readonly final: boolean };

export interface ProbeOptions {
  readonly allowLinkLocal: boolean;
  readonly userAgent: string;
  /** Quote what targets say beside their status; default false. */
  readonly showAnswers?: boolean;
}
