import type { UiExternalKind } from "../../../src/query/ui/external-calls/external-types.ts";
import { Icon } from "../ui/icon.tsx";

export const EXTERNAL_WORDS: Readonly<Record<UiExternalKind, string>> = {
  database: "database",
  queue: "message queue",
  external: "external system",
};

/** In the place of a service's mark. */
export function ExternalMark({ kind }: { readonly kind: UiExternalKind }) {
  return <Icon name={kind} label={EXTERNAL_WORDS[kind]} />;
}
