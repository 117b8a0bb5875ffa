import { createContext } from "react";
import type { ServiceGroup } from "./service-groups.ts";

/** The groups on the map, by the id that their cards and lines have. */
export const GroupsOfPage = createContext<ReadonlyMap<string, ServiceGroup>>(new Map());
