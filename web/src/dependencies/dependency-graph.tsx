import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { UiDependenciesResponse } from "../../../src/query/ui/api-types.ts";
import { preferredHue } from "../trace/service-look.ts";
import { errorShare } from "./error-share.ts";
import { layoutGraph } from "./graph-layout.ts";

type Link = UiDependenciesResponse["links"][number];

const NODE_WIDTH = 168;
const NODE_HEIGHT = 38;
const COLUMN = 300;
const LINE = 78;
const MARGIN = 24;

/**
 * Services as boxes, calls as arrows from left to right: thicker for more calls, red, dashed and labelled where some failed.
 * A press on a service searches its traces; resting on one brings out its calls.
 */
export function DependencyGraph({ links }: { readonly links: readonly Link[] }) {
  const navigate = useNavigate();
  const [focus, setFocus] = useState<string>();
  const layout = useMemo(() => layoutGraph(links), [links]);
  const place = useMemo(() => {
    const perLayer = new Map<number, number>();
    for (const node of layout.nodes) perLayer.set(node.layer, (perLayer.get(node.layer) ?? 0) + 1);
    return new Map(
      layout.nodes.map((node) => [
        node.name,
        {
          x: MARGIN + node.layer * COLUMN,
          y: MARGIN + (node.slot + (layout.slots - perLayer.get(node.layer)!) / 2) * LINE,
        },
      ]),
    );
  }, [layout]);
  const most = Math.max(1, ...links.map((link) => link.callCount));
  const width = MARGIN * 2 + (layout.layers - 1) * COLUMN + NODE_WIDTH;
  const height = MARGIN * 2 + (layout.slots - 1) * LINE + NODE_HEIGHT + 30;
  const search = (service: string) => void navigate({ to: "/search", search: { service } });
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className="graph" aria-label="Calls between services; the table has the same figures" tabIndex={0}>
      <svg width={width} height={height}>
        <title>Calls between services</title>
        {links.map((link) => {
          const dim = focus !== undefined && link.parent !== focus && link.child !== focus;
          return (
            <Edge
              key={`${link.parent} ${link.child}`}
              link={link}
              from={place.get(link.parent)!}
              to={place.get(link.child)!}
              weight={1 + 4 * (Math.log1p(link.callCount) / Math.log1p(most))}
              dim={dim}
            />
          );
        })}
        {layout.nodes.map((node) => {
          const { x, y } = place.get(node.name)!;
          return (
            // biome-ignore lint/a11y/useSemanticElements: SVG has no button
            <g
              key={node.name}
              role="button"
              tabIndex={0}
              aria-label={`Search traces of ${node.name}`}
              className="graph-node"
              transform={`translate(${x} ${y})`}
              onClick={() => search(node.name)}
              onKeyDown={(event) => event.key === "Enter" && search(node.name)}
              onPointerEnter={() => setFocus(node.name)}
              onPointerLeave={() => setFocus(undefined)}
              onFocus={() => setFocus(node.name)}
              onBlur={() => setFocus(undefined)}
            >
              <rect width={NODE_WIDTH} height={NODE_HEIGHT} rx={7} />
              <rect
                x={10}
                y={NODE_HEIGHT / 2 - 6}
                width={12}
                height={12}
                rx={3}
                className="graph-swatch"
                data-hue={preferredHue(node.name)}
              />
              <text x={30} y={NODE_HEIGHT / 2 + 5}>
                {node.name.length > 17 ? `${node.name.slice(0, 16)}…` : node.name}
              </text>
            </g>
          );
        })}
      </svg>
    </section>
  );
}

function Edge({
  link,
  from,
  to,
  weight,
  dim,
}: {
  readonly link: Link;
  readonly from: { readonly x: number; readonly y: number };
  readonly to: { readonly x: number; readonly y: number };
  readonly weight: number;
  readonly dim: boolean;
}) {
  const failed = link.errorCount > 0;
  const y0 = from.y + NODE_HEIGHT / 2;
  const y1 = to.y + NODE_HEIGHT / 2;
  const back = to.x <= from.x;
  const x0 = back ? from.x + NODE_WIDTH / 2 : from.x + NODE_WIDTH;
  const x1 = back ? to.x + NODE_WIDTH / 2 : to.x - 7;
  // Calls back to the left leave and arrive below the boxes.
  const low = Math.max(from.y, to.y) + NODE_HEIGHT + 26;
  const path = back
    ? `M${x0} ${from.y + NODE_HEIGHT}C${x0} ${low} ${x1} ${low} ${x1} ${to.y + NODE_HEIGHT + 7}`
    : `M${x0} ${y0}C${x0 + 70} ${y0} ${x1 - 70} ${y1} ${x1} ${y1}`;
  const tip = back ? `M${x1 - 5} ${to.y + NODE_HEIGHT + 9}l5 -8l5 8Z` : `M${x1 - 1} ${y1 - 5}l8 5l-8 5Z`;
  const label = { x: (x0 + x1) / 2, y: back ? low - 4 : (y0 + y1) / 2 - 5 };
  return (
    <g className="graph-edge" data-failed={failed} data-dim={dim}>
      <path d={path} strokeWidth={weight} />
      <path d={tip} className="graph-tip" />
      <text x={label.x} y={label.y} textAnchor="middle">
        {link.callCount.toLocaleString("en")}
        {failed && ` · ${errorShare(link.callCount, link.errorCount)} errors`}
      </text>
    </g>
  );
}
