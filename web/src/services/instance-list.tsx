import type { InstanceView } from "../../../src/model/registry-view.ts";
import { formatRelative } from "../format/time.ts";
import { Chip } from "../ui/chip.tsx";
import { Icon } from "../ui/icon.tsx";
import styles from "./instance-list.module.css";

/** The registered instances of a service. `nowMs` is the clock that set the heartbeats. */
export function InstanceList({
  instances,
  nowMs,
}: {
  readonly instances: readonly InstanceView[];
  readonly nowMs: number;
}) {
  return (
    <ul className={styles.list} aria-label="Instances">
      {instances.map((instance) => {
        const healthy = instance.health === "healthy";
        const failing = instance.checks.filter((check) => check.output !== "" && check.status !== "passing");
        return (
          <li key={instance.id}>
            <Chip tone={healthy ? "ok" : "warning"}>
              <Icon name={healthy ? "check" : "warning"} /> {instance.health}
            </Chip>
            <span className="mono break-anywhere">
              {instance.host}:{instance.port}
            </span>
            <span className="muted break-anywhere">{instance.id}</span>
            {instance.zone !== undefined && <span className="muted">zone {instance.zone}</span>}
            {instance.tags.map((tag) => (
              <Chip key={tag}>{tag}</Chip>
            ))}
            <span className="muted">
              {instance.lastHeartbeatMs === undefined
                ? instance.registry
                : `${instance.registry}, seen ${formatRelative(instance.lastHeartbeatMs, nowMs)}`}
            </span>
            {failing.map((check) => (
              <span key={check.name} className="error-text break-anywhere">
                {check.output}
              </span>
            ))}
          </li>
        );
      })}
    </ul>
  );
}
