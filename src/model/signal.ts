/** The signals of OTLP. */
export type Signal = "traces" | OtherSignal;

/** What OTLP has beside traces: it may be forwarded, and is never stored. */
export type OtherSignal = "logs" | "metrics";
