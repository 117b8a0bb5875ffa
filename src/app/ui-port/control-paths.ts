/** Probes of images and manifests know nothing of a base path. */
const HEALTH_PATHS = ["/healthz", "/readyz"] as const;

/** What the control application (control-app.ts) answers of the UI port, below the base path, in express's notation. */
export const CONTROL_PATHS = [
  ...HEALTH_PATHS,
  "/metrics",
  "/api/ui/status",
  "/api/ui/admin{/*rest}",
  "/api/registry{/*rest}",
] as const;
