/** A method and a path pattern that a router has been given. */
export interface RegisteredRoute {
  readonly method: string;
  readonly path: string;
}

interface Layer {
  readonly route?: {
    readonly path: string | RegExp | readonly string[];
    readonly methods: Readonly<Record<string, boolean>>;
  };
  readonly handle?: { readonly stack?: readonly Layer[] };
}

/** The routes of a router of the packages `router` and `express`, and of all that are mounted in it. */
export function routesOf(router: unknown): RegisteredRoute[] {
  const { stack, router: inner } = router as { stack?: readonly Layer[]; router?: { stack: readonly Layer[] } };
  return (stack ?? inner?.stack ?? []).flatMap((layer) => {
    if (layer.route !== undefined) {
      const { path, methods } = layer.route;
      const all = Object.keys(methods).map((method) => (method === "_all" ? "ALL" : method.toUpperCase()));
      return [path].flat().flatMap((one) => all.map((method) => ({ method, path: String(one) })));
    }
    return layer.handle?.stack === undefined ? [] : routesOf(layer.handle);
  });
}
