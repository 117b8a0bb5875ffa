import { type ReactNode, useCallback, useMemo } from "react";
import { useServices } from "../api/use-services.ts";
import { ServiceLooksContext } from "../ui/service/service-looks.ts";

/** What is asked again for a name that came since is not asked more often, ms. */
const ASK_AGAIN_MS = 2_000;

/** Tells the pages in it how services look: each as the collector has placed it, the same everywhere. */
export function KnownLooks({ children }: { readonly children: ReactNode }) {
  const { services } = useServices();
  const { data, dataUpdatedAt, refetch } = services;
  const places = useMemo(() => {
    if (data === undefined) return undefined;
    // By name, where a collector keeps no places: they come sorted.
    return new Map(data.services.map(({ name, place }, index) => [name, place ?? index]));
  }, [data]);
  const onUnknown = useCallback(() => {
    if (Date.now() - dataUpdatedAt > ASK_AGAIN_MS) void refetch();
  }, [dataUpdatedAt, refetch]);
  const looks = useMemo(() => ({ places, onUnknown }), [places, onUnknown]);
  return <ServiceLooksContext value={looks}>{children}</ServiceLooksContext>;
}
