/** As the Collector's exporter writes them, by SpanKind. */
export const ROW_KINDS: readonly string[] = ["Unspecified", "Internal", "Server", "Client", "Producer", "Consumer"];

/** As the Collector's exporter writes them, by StatusCode. */
export const ROW_STATUSES: readonly string[] = ["Unset", "Ok", "Error"];
