import { useMemo, useRef } from "react";
import { formatDuration } from "../../../../src/model/duration-text.ts";
import { linkKey } from "../../dependencies/graph/graph-layers.ts";
import { CARD, layoutGraph } from "../../dependencies/graph/graph-layout.ts";
import { placeLabels } from "../../dependencies/graph/label-places.ts";
import { counted, formatCount } from "../../format/count.ts";
import { formatShare } from "../../format/share.ts";
import { shownName } from "../../format/shown-name.ts";
import { ServiceSwatch } from "../../ui/service/service-swatch.tsx";
import { useWidth } from "../../ui/use-width.ts";
import { type ServiceCalls, type ServiceShare, serviceCalls, serviceShares } from "../model/service-calls.ts";
import type { TraceModel } from "../model/trace-model.ts";
import styles from "./trace-map.module.css";

/** More are a wall: those with the most time of their own are drawn, and the view says so. */
const MOST_DRAWN = 60;
const MARGIN = 16;
const LABEL = { height: 22, character: 6.2, padding: 12 };
/** Smaller than that nothing can be read: then the map scrolls. */
const LEAST_SCALE = 0.6;

/** Which service of a trace called which: cards with their own time, lines with calls; both lead to a span. */
export function TraceMap({ model, onShow }: { readonly model: TraceModel; readonly onShow: (row: number) => void }) {
  const { columns, times } = model;
  const scroll = useRef<HTMLElement>(null);
  const width = useWidth(scroll);
  const shares = useMemo(() => serviceShares(columns, times.self), [columns, times]);
  const drawn = useMemo(() => shares.toSorted((a, b) => b.self - a.self).slice(0, MOST_DRAWN), [shares]);
  const calls = useMemo(() => {
    const kept = new Set(drawn.map(({ service }) => service));
    return serviceCalls(columns).filter(({ from, to }) => kept.has(from) && kept.has(to));
  }, [columns, drawn]);
  const { layout, labels } = useMemo(() => drawnCalls(calls, width), [calls, width]);
  const self = useMemo(() => shares.reduce((sum, one) => sum + one.self, 0), [shares]);
  const alone = drawn.filter(({ service }) => !layout.cards.has(String(service)));
  const scale = Math.min(1, Math.max(LEAST_SCALE, (width - 2 * MARGIN) / Math.max(1, layout.width)));
  const card = (share: ServiceShare) => <Card model={model} share={share} self={self} onShow={onShow} />;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section ref={scroll} className={styles.scroll} aria-label="Calls between services" tabIndex={0}>
      {drawn.length < shares.length && (
        <p className="muted">
          {drawn.length} of {formatCount(shares.length)} services: those with the most time of their own.
        </p>
      )}
      {calls.length > 0 && (
        <div className={styles.room} style={{ width: layout.width * scale, height: layout.height * scale }}>
          <div className={styles.stage} style={{ width: layout.width, transform: `scale(${scale})` }}>
            <svg className={styles.lines} width={layout.width} height={layout.height} aria-hidden="true">
              {calls.map((call) => {
                const path = layout.edges.get(linkKey(linkOf(call)))!;
                return (
                  <g key={linkKey(linkOf(call))} data-failed={call.errors > 0}>
                    <path d={path.line} className={styles.line} />
                    <path d={path.tip} className={styles.tip} />
                  </g>
                );
              })}
            </svg>
            {drawn.map((share) => {
              const at = layout.cards.get(String(share.service));
              return at === undefined ? null : (
                <div key={share.service} className={styles.place} style={{ left: at.x, top: at.y, ...CARD }}>
                  {card(share)}
                </div>
              );
            })}
            {calls.map((call) => {
              const at = labels.get(linkKey(linkOf(call)));
              return at === undefined ? null : (
                <Label key={linkKey(linkOf(call))} model={model} call={call} at={at} onShow={onShow} />
              );
            })}
          </div>
        </div>
      )}
      {alone.length > 0 && (
        <div className={styles.alone}>
          <p className="muted">{calls.length === 0 ? "No service called another." : "In no call:"}</p>
          {alone.map((share) => (
            <div key={share.service} style={CARD}>
              {card(share)}
            </div>
          ))}
        </div>
      )}
    </section>
  );
}

function Card({
  model,
  share,
  self,
  onShow,
}: {
  readonly model: TraceModel;
  readonly share: ServiceShare;
  /** Of all services, ns. */
  readonly self: number;
  readonly onShow: (row: number) => void;
}) {
  const name = shownName(model.columns.services[share.service]!);
  return (
    <button
      type="button"
      className={styles.card}
      data-failed={share.errors > 0}
      title={`${name}: show the span with the most time of its own`}
      onClick={() => onShow(share.row)}
    >
      <span className={styles.name}>
        <ServiceSwatch look={model.looks[share.service]!} /> <bdi>{name}</bdi>{" "}
        {share.errors > 0 && <span className="error-text">{counted(share.errors, "error")}</span>}
      </span>
      <span className={styles.figures}>
        <span>{counted(share.spans, "span")}</span>{" "}
        <span>
          self {formatDuration(share.self)} {self > 0 && formatShare(share.self / self)}
        </span>
      </span>
    </button>
  );
}

function Label({
  model,
  call,
  at,
  onShow,
}: {
  readonly model: TraceModel;
  readonly call: ServiceCalls;
  readonly at: { readonly x: number; readonly y: number };
  readonly onShow: (row: number) => void;
}) {
  const [from, to] = [call.from, call.to].map((service) => shownName(model.columns.services[service]!));
  return (
    <button
      type="button"
      className={styles.label}
      data-failed={call.errors > 0}
      style={{ left: at.x, top: at.y }}
      title={`${from} called ${to}: show the longest`}
      onClick={() => onShow(call.row)}
    >
      {labelText(call)}
    </button>
  );
}

function linkOf({ from, to }: ServiceCalls) {
  return { parent: String(from), child: String(to) };
}

/** Short enough for the gap between two cards. */
function labelText({ calls, errors, longest }: ServiceCalls): string {
  if (calls === 1) return `${formatDuration(longest)}${errors === 0 ? "" : " failed"}`;
  const count = `${formatCount(calls)} ×`;
  return errors === 0 ? `${count} ≤ ${formatDuration(longest)}` : `${count}, ${formatCount(errors)} failed`;
}

/** From left to right where that fits, else from top to bottom. */
function drawnCalls(calls: readonly ServiceCalls[], width: number) {
  const links = calls.map(linkOf);
  const right = layoutGraph(links, false);
  const layout = right.width * LEAST_SCALE > width - 2 * MARGIN ? layoutGraph(links, true) : right;
  const labels = placeLabels(
    calls
      .toSorted((a, b) => b.errors - a.errors || b.longest - a.longest)
      .map((call) => ({
        key: linkKey(linkOf(call)),
        along: layout.edges.get(linkKey(linkOf(call)))!.along,
        width: labelText(call).length * LABEL.character + LABEL.padding,
        height: LABEL.height,
      })),
    [...layout.cards.values()].map(({ x, y }) => ({ x, y, ...CARD })),
  );
  return { layout, labels };
}
