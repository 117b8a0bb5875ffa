import type { UiDependenciesResponse, UiServicesResponse } from "../../../src/query/ui/api-types.ts";

export interface ServiceRow {
  readonly name: string;
  readonly operations: UiServicesResponse["services"][number]["operations"];
  /** Calls from other services, and how many of them failed. */
  readonly calls: number;
  readonly errors: number;
  readonly callers: readonly string[];
  readonly callees: readonly string[];
}

/** Services with what the calls between them say; busiest first, then by name. */
export function serviceRows(
  services: UiServicesResponse["services"],
  links: UiDependenciesResponse["links"],
): readonly ServiceRow[] {
  return services
    .map(({ name, operations }) => {
      const into = links.filter((link) => link.child === name && link.parent !== name);
      return {
        name,
        operations,
        calls: into.reduce((sum, link) => sum + link.callCount, 0),
        errors: into.reduce((sum, link) => sum + link.errorCount, 0),
        callers: into.map((link) => link.parent).sort(),
        callees: links
          .filter((link) => link.parent === name && link.child !== name)
          .map((link) => link.child)
          .sort(),
      };
    })
    .sort((a, b) => b.calls - a.calls || (a.name < b.name ? -1 : 1));
}
