import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { formatDuration } from "../../../src/model/duration-text.ts";
import type { UiDependenciesResponse } from "../../../src/query/ui/api-types.ts";
import { formatCount } from "../format/count.ts";
import { preferredHue } from "../format/service-look.ts";
import { formatShare } from "../format/share.ts";
import styles from "./dependency-graph.module.css";
import { backwardEdge, type EdgePath, forwardEdge, type Point } from "./edge-path.ts";
import { type GraphLayout, type GraphPlace, layoutGraph, linkKey } from "./graph-layout.ts";

type Link = UiDependenciesResponse["links"][number];

const NODE_WIDTH = 172;
const NODE_HEIGHT = 40;
const COLUMN = 320;
const LINE = 84;
const MARGIN = 28;
const BELOW = 44;
const SHOWN_NAME = 18;
const LABEL_CHARACTER = 6.3;

/**
 * Services as boxes, calls as arrows from left to right: thicker for more calls, red, dashed and labelled where some
 * failed. A press on a service searches its traces; resting on one brings out its calls and how long they took.
 */
export function DependencyGraph({ links }: { readonly links: readonly Link[] }) {
  const navigate = useNavigate();
  const [focus, setFocus] = useState<string>();
  const layout = useMemo(() => layoutGraph(links), [links]);
  const most = Math.max(1, ...links.map((link) => link.callCount));
  const edges = useMemo(() => links.map((link) => ({ link, path: edgePath(layout, link) })), [layout, links]);
  const width = MARGIN * 2 + (layout.layers - 1) * COLUMN + NODE_WIDTH;
  const height = MARGIN * 2 + (layout.lines - 1) * LINE + NODE_HEIGHT + BELOW;
  const search = (service: string) => void navigate({ to: "/search", search: { service } });
  const dim = (link: Link) => focus !== undefined && link.parent !== focus && link.child !== focus;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className={styles.graph} aria-label="Calls between services; the table has the same figures" tabIndex={0}>
      <svg width={width} height={height}>
        <title>Calls between services</title>
        {edges.map(({ link, path }) => (
          <g key={linkKey(link)} className={styles.edge} data-failed={link.errorCount > 0} data-dim={dim(link)}>
            <path d={path.line} strokeWidth={1 + 3.5 * (Math.log1p(link.callCount) / Math.log1p(most))} />
            <path d={path.tip} className={styles.tip} />
          </g>
        ))}
        {[...layout.nodes].map(([name, place]) => {
          const { x, y } = corner(place);
          return (
            // biome-ignore lint/a11y/useSemanticElements: SVG has no button
            <g
              key={name}
              role="button"
              tabIndex={0}
              aria-label={`Search traces of ${name}`}
              className={styles.node}
              transform={`translate(${x} ${y})`}
              onClick={() => search(name)}
              onKeyDown={(event) => event.key === "Enter" && search(name)}
              onPointerEnter={() => setFocus(name)}
              onPointerLeave={() => setFocus(undefined)}
              onFocus={() => setFocus(name)}
              onBlur={() => setFocus(undefined)}
            >
              <rect width={NODE_WIDTH} height={NODE_HEIGHT} rx={7} />
              <rect
                x={11}
                y={NODE_HEIGHT / 2 - 6}
                width={12}
                height={12}
                rx={3}
                className={styles.swatch}
                data-hue={preferredHue(name)}
              />
              <text x={31} y={NODE_HEIGHT / 2 + 5}>
                {name.length > SHOWN_NAME ? `${name.slice(0, SHOWN_NAME - 1)}…` : name}
              </text>
            </g>
          );
        })}
        {edges.map(({ link, path }) => (
          <EdgeLabel
            key={linkKey(link)}
            link={link}
            at={path.label}
            dim={dim(link)}
            full={focus !== undefined && !dim(link)}
          />
        ))}
      </svg>
    </section>
  );
}

/** Calls, the share that failed and, with `full`, how long they took, on a plate of their own over the line. */
function EdgeLabel({
  link,
  at,
  dim,
  full,
}: {
  readonly link: Link;
  readonly at: Point;
  readonly dim: boolean;
  readonly full: boolean;
}) {
  const failed = link.errorCount > 0;
  const text = [
    formatCount(link.callCount),
    ...(failed ? [`${formatShare(link.errorCount / link.callCount)} failed`] : []),
  ].join(" · ");
  const time = full && link.p99Nano !== undefined ? `p99 ${formatDuration(link.p99Nano)}` : undefined;
  const width = Math.max(text.length, time?.length ?? 0) * LABEL_CHARACTER + 12;
  const height = time === undefined ? 18 : 32;
  return (
    <g className={styles.label} data-failed={failed} data-dim={dim}>
      <rect x={at.x - width / 2} y={at.y - height / 2} width={width} height={height} rx={9} />
      <text x={at.x} y={at.y + (time === undefined ? 4 : -3)} textAnchor="middle">
        {text}
      </text>
      {time !== undefined && (
        <text x={at.x} y={at.y + 11} textAnchor="middle">
          {time}
        </text>
      )}
    </g>
  );
}

function corner(place: GraphPlace): Point {
  return { x: MARGIN + place.layer * COLUMN, y: MARGIN + place.line * LINE };
}

function edgePath(layout: GraphLayout, link: Link): EdgePath {
  const from = layout.nodes.get(link.parent)!;
  const to = layout.nodes.get(link.child)!;
  const [a, b] = [corner(from), corner(to)];
  if (to.layer <= from.layer) {
    const under = (at: Point, shift: number) => ({
      x: at.x + NODE_WIDTH / 2 + shift,
      y: at.y + NODE_HEIGHT,
    });
    return backwardEdge(under(a, 14), under(b, link.parent === link.child ? -14 : 0), BELOW);
  }
  const way = (layout.ways.get(linkKey(link)) ?? []).flatMap((place) => {
    const { x, y } = corner(place);
    return [
      { x, y: y + NODE_HEIGHT / 2 },
      { x: x + NODE_WIDTH, y: y + NODE_HEIGHT / 2 },
    ];
  });
  return forwardEdge([{ x: a.x + NODE_WIDTH, y: a.y + NODE_HEIGHT / 2 }, ...way, { x: b.x, y: b.y + NODE_HEIGHT / 2 }]);
}
