import { memo, useMemo } from "react";
import { formatDuration } from "../../../src/model/duration-text.ts";
import { formatCount } from "../format/count.ts";
import { formatShare } from "../format/share.ts";
import { linkKey } from "./graph/graph-layers.ts";
import { CARD, type GraphLayout } from "./graph/graph-layout.ts";
import { placeLabels } from "./graph/label-places.ts";
import type { Marks } from "./map-marks.ts";
import { errorLevel, errorShare, type MapLink } from "./model/map-figures.ts";
import styles from "./service-map.module.css";

const LABEL_CHARACTER = 6.2;
const LABEL_HEIGHT = 18;
/** Among more lines than this, the counts of calls would hide them. */
const MOST_COUNTED = 24;
/** Scales for which labels are placed: they keep their size on the screen when the map is seen from further away. */
const LABEL_SCALES = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1];

interface Shown {
  readonly links: readonly MapLink[];
  readonly layout: GraphLayout;
  readonly marks: Marks | undefined;
}

/** The lines of the calls. */
export const MapEdges = memo(function MapEdges({ links, layout, marks }: Shown) {
  const most = links.reduce((larger, link) => Math.max(larger, link.callCount), 1);
  return (
    <svg className={styles.edges} width={layout.width} height={layout.height} aria-hidden="true">
      {links.map((link) => {
        const key = linkKey(link);
        const path = layout.edges.get(key)!;
        const lit = marks?.edges.has(key);
        return (
          <g
            key={key}
            className={styles.edge}
            data-from={link.parent}
            data-to={link.child}
            data-level={errorLevel(errorShare(link))}
            data-dim={lit === false}
            data-lit={lit === true}
          >
            <path d={path.line} className={styles.reach} />
            <path
              d={path.line}
              className={styles.line}
              strokeWidth={1 + 3 * (Math.log1p(link.callCount) / Math.log1p(most))}
            />
            <path d={path.tip} className={styles.tip} />
          </g>
        );
      })}
    </svg>
  );
});

/**
 * Figures of calls, on their lines, as far as there is room: of what stands out; else of those of which 1 % or more
 * failed, and, where there are few and they are near, of all.
 */
export const MapLabels = memo(function MapLabels({
  links,
  layout,
  marks,
  full,
  scale,
  far,
}: Shown & { readonly full: boolean; readonly scale: number; readonly far: boolean }) {
  const size = 1 / (LABEL_SCALES.find((step) => step <= scale) ?? 0.1);
  const labels = useMemo(() => {
    const wanted = links.filter((link) => {
      if (marks !== undefined) return full && marks.edges.has(linkKey(link));
      return weight(link) > 1 || (!far && links.length <= MOST_COUNTED);
    });
    const texts = new Map(wanted.map((link) => [linkKey(link), labelText(link, full, far)]));
    const taken = [...layout.cards.values()].map(({ x, y }) => ({ x, y, ...CARD }));
    const places = placeLabels(
      wanted
        .toSorted((a, b) => weight(b) - weight(a) || b.callCount - a.callCount)
        .map((link) => ({
          key: linkKey(link),
          along: layout.edges.get(linkKey(link))!.along,
          width: labelWidth(texts.get(linkKey(link))!) * size,
          height: LABEL_HEIGHT * size,
        })),
      taken,
    );
    return wanted.flatMap((link) => {
      const at = places.get(linkKey(link));
      return at === undefined ? [] : [{ link, at, text: texts.get(linkKey(link))! }];
    });
  }, [links, layout, marks, full, far, size]);
  return (
    <svg className={styles.labels} width={layout.width} height={layout.height} aria-hidden="true">
      {labels.map(({ link, at, text }) => {
        const width = labelWidth(text);
        return (
          <g
            key={linkKey(link)}
            className={styles.label}
            data-from={link.parent}
            data-to={link.child}
            data-level={errorLevel(errorShare(link))}
            transform={`translate(${at.x} ${at.y}) scale(${Math.max(1, 1 / scale)})`}
          >
            <rect x={-width / 2} y={-LABEL_HEIGHT / 2} width={width} height={LABEL_HEIGHT} rx={4} />
            <text y={4} textAnchor="middle">
              {text}
            </text>
          </g>
        );
      })}
    </svg>
  );
});

/** All figures in `full`; else the share that failed, or the number of calls where none did. */
function labelText(link: MapLink, full: boolean, far: boolean): string {
  const calls = formatCount(link.callCount);
  const share = formatShare(errorShare(link));
  if (!full) return link.errorCount === 0 ? calls : far ? share : `${share} failed`;
  return [
    `${calls} ${link.callCount === 1 ? "call" : "calls"}`,
    ...(link.errorCount > 0 ? [`${share} failed`] : []),
    ...(link.p99Nano === undefined ? [] : [`p99 ${formatDuration(link.p99Nano)}`]),
  ].join(" · ");
}

function labelWidth(text: string): number {
  return text.length * LABEL_CHARACTER + 10;
}

function weight(link: MapLink): number {
  return { none: 0, few: 1, some: 2, many: 3 }[errorLevel(errorShare(link))];
}
