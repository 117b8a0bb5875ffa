import { createContext, useContext, useEffect } from "react";
import { lookAt, type ServiceLook, UNKNOWN_LOOK } from "../../format/service-look.ts";

/** What is known of how services look. */
interface ServiceLooks {
  /** Places by name; undefined until the collector has said. */
  readonly places: ReadonlyMap<string, number> | undefined;
  /** To be told that a name has none. */
  readonly onUnknown: () => void;
}

/** Given by the frame around the pages. */
export const ServiceLooksContext = createContext<ServiceLooks>({ places: undefined, onUnknown: () => undefined });

/** How services look, by name: grey where the collector has not said yet, which is asked again then. */
export function useServiceLooks(): (name: string) => ServiceLook {
  const { places, onUnknown } = useContext(ServiceLooksContext);
  const missing: string[] = [];
  useEffect(() => {
    if (places !== undefined && missing.length > 0) onUnknown();
  });
  return (name) => {
    const place = places?.get(name);
    if (place !== undefined) return lookAt(place);
    missing.push(name);
    return UNKNOWN_LOOK;
  };
}
