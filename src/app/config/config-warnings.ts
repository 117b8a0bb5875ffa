import { accessConfig, controlsAccess } from "../../access/access-config.ts";
import { processorsConfig } from "../../processors/processors-config.ts";
import type { Config } from "./config.ts";
import { changedPaths } from "./config-changes.ts";
import { exportedSignals, forwardingExporters } from "./exported-signals.ts";

/** Settings that are allowed and may not do what somebody expects of them. Each begins with the setting. */
export function configWarnings(config: Config): string[] {
  const { exporters, processors, receivers } = config;
  const forwarding = forwardingExporters({ exporters });
  const rewriting = new Set(
    changedPaths(processorsConfig.parse({}), processors).map((path) => path.split(".", 1)[0] as string),
  );
  // It checks and bounds spans, and takes nothing out that somebody might count on.
  rewriting.delete("normalize");
  const refusing = Object.entries(receivers).filter(
    ([, receiver]) => receiver.enabled && (receiver as { readonly other_signals?: unknown }).other_signals === "refuse",
  );
  const unfiltered = Object.entries(exporters).flatMap(([name, value]) => {
    const { filter } = value as { readonly filter?: string };
    if (filter === undefined || exportedSignals(name, value).includes("traces")) return [];
    return [`exporters.${name}.filter: it is of spans, and exporters.${name}.signals has no traces`];
  });
  const forwarded = forwarding.flatMap(({ name, signals }) => {
    const at = `exporters.${name}.signals`;
    const what = signals.join(" and ");
    const warnings =
      rewriting.size === 0
        ? []
        : [
            `${at}: ${what} are forwarded as they came; processors.${[...rewriting].join(", processors.")} apply to spans only`,
          ];
    const refused = refusing.map(
      ([receiver]) => `${at}: ${what} are asked for, but receivers.${receiver}.other_signals refuses them`,
    );
    return [...warnings, ...refused];
  });
  return [...accessWarnings(config), ...unfiltered, ...forwarded];
}

function accessWarnings({ access, receivers, ui, discovery, proxy }: Config): string[] {
  const nobody = controlsAccess(access) ? [] : changedPaths(accessConfig.parse({}), access);
  const asksNobody = nobody.map(
    (path) => `access.${path}: does nothing, as access names nobody who may do something, and so asks nobody`,
  );
  const asksForCertificates = JSON.stringify([receivers, ui, discovery, proxy]).includes('"client_ca_file":');
  if (Object.keys(access.certificates).length === 0 || asksForCertificates) return asksNobody;
  return [
    ...asksNobody,
    "access.certificates: no listener has tls.client_ca_file, so that no client is asked for a certificate",
  ];
}
