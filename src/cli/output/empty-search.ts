import { nearest } from "../../model/text/nearest.ts";
import { printable } from "../../query/text/readable.ts";

/** What was asked for, as far as it may be why nothing was found. */
interface AskedFor {
  readonly service?: string;
  readonly operation?: string;
  readonly lookback?: string;
  readonly start?: string;
  readonly end?: string;
}

/** The names that a store knows. */
interface KnownService {
  readonly name: string;
  readonly operations: readonly { readonly name: string }[];
}

/** Why nothing may have been found, by what was asked for: one line, which names only what was given. */
export function emptySearch(asked: AskedFor, services: readonly KnownService[]): string {
  if (services.length === 0) return "nothing is stored; `spanloom send --demo` makes some traces";
  const { service, operation } = asked;
  const found = services.filter(({ name }) => service === undefined || name === service);
  if (service !== undefined && found.length === 0) {
    return `no service is called ${printable(service)}; ${meant(
      service,
      services.map(({ name }) => name),
      "spanloom list services",
    )}`;
  }
  const operations = found.flatMap((one) => one.operations.map(({ name }) => name));
  if (operation !== undefined && !operations.includes(operation)) {
    const where = service === undefined ? "no operation" : `no operation of ${printable(service)}`;
    const list = `spanloom list operations ${service === undefined ? "<service>" : printable(service)}`;
    return `${where} is called ${printable(operation)}; ${meant(operation, operations, list)}`;
  }
  if (asked.start !== undefined || asked.end !== undefined) {
    return "no trace matches in this time range; without --start and --end any time is searched";
  }
  if (asked.lookback !== undefined) {
    return `no trace matches in the last ${asked.lookback}; a longer --lookback, or none, looks further back`;
  }
  return "no trace matches";
}

function meant(word: string, names: readonly string[], list: string): string {
  const near = nearest(word, names);
  return near === undefined ? `\`${list}\` has all names` : `did you mean ${printable(near)}?`;
}
