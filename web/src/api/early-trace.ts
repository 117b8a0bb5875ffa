declare global {
  /** Left by public/early.js where the page was opened at a trace. */
  var earlyTrace: { readonly traceId: string; readonly response: Promise<Response> } | undefined;
}

/** The columns that were asked for while the scripts loaded, once; undefined where they were not, or failed. */
export async function takeEarlyTrace(traceId: string): Promise<ArrayBuffer | undefined> {
  const early = globalThis.earlyTrace;
  globalThis.earlyTrace = undefined;
  if (early?.traceId !== traceId) return undefined;
  try {
    const response = await early.response;
    return response.ok ? await response.arrayBuffer() : undefined;
  } catch {
    return undefined;
  }
}
