import type { UiGroupCount, UiRankedAttribute } from "../../../../src/query/ui/explain-selection/explain-types.ts";
import { formatCount } from "../../format/count.ts";
import { formatShare } from "../../format/share.ts";
import { Button } from "../../ui/button.tsx";
import { Chip } from "../../ui/chip.tsx";
import type { SearchParams } from "../params/search-params.ts";
import styles from "./attribute-row.module.css";
import { havingAnother, havingIt, narrowedSearch } from "./narrowed-search.ts";

/** One attribute: what it is, how many of both sides have it, and searches for those with and without. */
export function AttributeRow({
  attribute,
  selected,
  rest,
  params,
  onParams,
}: {
  readonly attribute: UiRankedAttribute;
  readonly selected: UiGroupCount;
  readonly rest: UiGroupCount;
  readonly params: SearchParams;
  readonly onParams: (params: SearchParams) => void;
}) {
  const { key, value, byChance, selectedShare, restShare } = attribute;
  const narrow = (condition: string | undefined) =>
    condition === undefined ? undefined : narrowedSearch(params, condition);
  const [having, another] = [narrow(havingIt(attribute)), narrow(havingAnother(attribute))];
  const name = value === undefined ? key : `${key}=${value}`;
  return (
    <li className={styles.row} data-by-chance={byChance}>
      <div className={styles.what}>
        <h3 className={styles.name} dir="auto">
          <span className={styles.key}>{key}</span>
          {value === undefined ? (
            <span className="muted"> is there</span>
          ) : (
            <>
              {" = "}
              <bdi>{value.trim() === "" ? JSON.stringify(value) : value}</bdi>
            </>
          )}
        </h3>
        <Notes attribute={attribute} />
      </div>
      <div className={styles.shares}>
        <Share name="selected" share={selectedShare} traces={attribute.selected} of={selected.counted} />
        <Share name="others" share={restShare} traces={attribute.rest} of={rest.counted} />
      </div>
      <div className={styles.actions}>
        {having !== undefined && (
          <Button aria-label={`Only these: traces with ${name}`} onClick={() => onParams(having)}>
            Only these
          </Button>
        )}
        {another !== undefined && (
          <Button
            aria-label={`Other values: traces with another ${key} than ${value}`}
            onClick={() => onParams(another)}
          >
            Other values
          </Button>
        )}
      </div>
    </li>
  );
}

/** Where it lies, what to think of it, and what comes with it. */
function Notes({ attribute: { scope, service, byChance, outcome, alike } }: { readonly attribute: UiRankedAttribute }) {
  return (
    <p className={styles.notes}>
      {scope === "resource" && <Chip>resource</Chip>}
      {service !== undefined && <span>on spans of {service}</span>}
      {outcome && <Chip title="It follows from how the call ended">how it ended</Chip>}
      {byChance && (
        <Chip tone="warning" title="Among so many attributes a difference as large comes about by chance">
          may be chance
        </Chip>
      )}
      {alike.length > 0 && (
        <span title={alike.join("\n")}>
          the same traces have {alike.slice(0, 2).join(", ")}
          {alike.length > 2 && ` and ${alike.length - 2} more`}
        </span>
      )}
    </p>
  );
}

function Share({
  name,
  share,
  traces,
  of,
}: {
  readonly name: "selected" | "others";
  readonly share: number;
  readonly traces: number;
  readonly of: number;
}) {
  return (
    <div className={styles.share} title={`${formatCount(traces)} of ${formatCount(of)}`}>
      <span className={styles.side}>{name}</span>
      <span className={styles.track} aria-hidden="true">
        <span data-side={name} style={{ width: `${100 * share}%` }} />
      </span>
      <span className={styles.percent}>{formatShare(share)}</span>
    </div>
  );
}
