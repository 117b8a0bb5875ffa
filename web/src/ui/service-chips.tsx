import { formatCount } from "../format/count.ts";
import type { ServiceLook } from "../format/service-look.ts";
import styles from "./chip.module.css";
import { classNames } from "./class-names.ts";
import { Icon } from "./icon.tsx";
import { ServiceSwatch } from "./service/service-swatch.tsx";

interface ServiceChip {
  readonly name: string;
  readonly look: ServiceLook;
  readonly spans: number;
  readonly errors: number;
}

/** Services with how many of the spans are theirs, as chips; those after the first `shown` are counted in one more. */
export function ServiceChips({
  services,
  shown,
  as: Part = "span",
}: {
  readonly services: readonly ServiceChip[];
  readonly shown: number;
  /** The element of each chip. */
  readonly as?: "span" | "li";
}) {
  const rest = services.slice(shown);
  return (
    <>
      {services.slice(0, shown).map(({ name, look, spans, errors }) => (
        <Part key={name} className={styles.chip}>
          <ServiceSwatch look={look} />
          <span className={styles.text}>{name}</span> <b>{formatCount(spans)}</b>
          {errors > 0 && (
            <span className={classNames("error-text", styles.errors)} title={`${errors} with errors`}>
              <Icon name="error" label="errors" />
              {formatCount(errors)}
            </span>
          )}
        </Part>
      ))}
      {rest.length > 0 && (
        <Part className={styles.chip} title={rest.map(({ name }) => name).join(", ")}>
          +{rest.length} more
        </Part>
      )}
    </>
  );
}
