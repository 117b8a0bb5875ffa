import { Button, ToggleButton } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { Menu } from "../ui/menu.tsx";
import styles from "./fold-menu.module.css";
import { type FoldBase, foldLevel } from "./model/folding.ts";

/** Folding of the whole trace at once. */
export function FoldMenu({
  base,
  maxDepth,
  onBase,
  groups,
  onGroups,
  merged,
  onMerged,
}: {
  readonly base: FoldBase;
  readonly maxDepth: number;
  readonly onBase: (base: FoldBase) => void;
  /** Undefined for a trace without groups of equal siblings; `closed` where at least one is. */
  readonly groups: "open" | "closed" | undefined;
  readonly onGroups: (open: boolean) => void;
  /** Whether servers stand in the rows of their clients; undefined for a trace without such calls. */
  readonly merged: boolean | undefined;
  readonly onMerged: (merged: boolean) => void;
}) {
  return (
    <fieldset className={styles.tools}>
      <legend className="visually-hidden">Folding</legend>
      <Button title="Unfold all ([)" onClick={() => onBase({ kind: "none" })}>
        Expand all
      </Button>
      <Button title="Fold all (])" onClick={() => onBase({ kind: "all" })}>
        Collapse all
      </Button>
      <Menu label="Fold by" caption={baseName(base)} align="start">
        <button type="button" onClick={() => onBase({ kind: "service" })}>
          Inside each service
        </button>
        {[1, 2, 3, 4, 6, 8]
          .filter((depth) => depth < maxDepth)
          .map((depth) => (
            <button key={depth} type="button" onClick={() => onBase({ kind: "depth", depth })}>
              Below depth {depth + 1}
            </button>
          ))}
        <button type="button" onClick={() => onBase(foldLevel(base, maxDepth, -1))}>
          <Icon name="up" /> One level less (p)
        </button>
        <button type="button" onClick={() => onBase(foldLevel(base, maxDepth, 1))}>
          <Icon name="down" /> One level more (o)
        </button>
        {groups !== undefined && (
          <button type="button" onClick={() => onGroups(groups === "closed")}>
            {groups === "closed" ? "Open" : "Close"} groups of equal siblings
          </button>
        )}
      </Menu>
      {merged !== undefined && (
        <ToggleButton
          pressed={merged}
          title="One row for a call: the server's time within its client's, the network's around it"
          onPress={() => onMerged(!merged)}
        >
          Merge calls
        </ToggleButton>
      )}
    </fieldset>
  );
}

function baseName(base: FoldBase): string {
  switch (base.kind) {
    case "none":
      return "Fold";
    case "all":
      return "Fold: all";
    case "service":
      return "Fold: by service";
    case "depth":
      return `Fold: depth ${base.depth + 1}`;
  }
}
