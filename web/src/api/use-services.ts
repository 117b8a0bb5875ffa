import { useQuery } from "@tanstack/react-query";
import { servicesQuery } from "./queries.ts";

const EMPTY_POLL_MS = 2_000;
const POLL_MS = 30_000;

/**
 * The services of the store; asked for again and again, often while there are none, so that the first span turns a page
 * that says how to send it into what it is for.
 */
export function useServices() {
  const services = useQuery({
    ...servicesQuery,
    refetchInterval: (query) => (query.state.data?.services.length === 0 ? EMPTY_POLL_MS : POLL_MS),
  });
  return { services, storeEmpty: services.data?.services.length === 0 && services.data.incomplete === undefined };
}
