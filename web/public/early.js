// Asks for a trace while the application is still loading; src/api/early-trace.ts takes the answer.
(() => {
  const match = /\/trace\/([0-9a-f]{32})$/.exec(location.pathname);
  if (match === null) return;
  const response = fetch(new URL(`api/ui/traces/${match[1]}/columns`, document.baseURI));
  response.catch(() => undefined);
  globalThis.earlyTrace = { traceId: match[1], response };
})();
