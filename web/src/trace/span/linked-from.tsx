import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { UiLinkedFromResponse } from "../../../../src/query/ui/api-types.ts";
import { linkedFromQuery } from "../../api/queries.ts";
import { formatCount } from "../../format/count.ts";
import { formatAbsolute, nanoToMs } from "../../format/time.ts";
import { Icon } from "../../ui/icon.tsx";
import { Menu } from "../../ui/menu.tsx";
import { LinkItem } from "./link-item.tsx";
import { Section } from "./section.tsx";

const LISTED = 12;

type LinkingSpan = UiLinkedFromResponse["spans"][number];

/** Spans of other traces that link to this trace; nothing where there are none. */
export function LinkedFromMenu({ traceId }: { readonly traceId: string }) {
  const { data } = useQuery(linkedFromQuery(traceId));
  const spans = data?.spans.filter((span) => span.traceId !== traceId) ?? [];
  if (spans.length === 0) return null;
  const count = `${formatCount(spans.length)}${data?.complete === false ? "+" : ""}`;
  return (
    <Menu label="Spans of other traces that link to this one" caption={`Linked from ${count}`}>
      {spans.slice(0, LISTED).map((span) => (
        <LinkingSpanLink key={`${span.traceId}${span.spanId}${span.toSpanId}`} span={span} external />
      ))}
      {spans.length > LISTED && <span className="muted">{spans.length - LISTED} more</span>}
    </Menu>
  );
}

/** Spans of any trace that link to this very span; nothing where there are none. */
export function LinkedFromSection({ traceId, spanId }: { readonly traceId: string; readonly spanId: string }) {
  const { data } = useQuery(linkedFromQuery(traceId));
  const spans = data?.spans.filter((span) => span.toSpanId === spanId) ?? [];
  if (spans.length === 0) return null;
  return (
    <Section title="Linked from" count={spans.length} open>
      <ul>
        {spans.map((span) => (
          <LinkItem
            key={span.traceId + span.spanId}
            traceId={span.traceId}
            spanId={span.spanId}
            head={
              <>
                <LinkingSpanLink span={span} external={span.traceId !== traceId} />
                <span className="muted">{formatAbsolute(nanoToMs(span.startTimeUnixNano))}</span>
              </>
            }
          />
        ))}
      </ul>
    </Section>
  );
}

function LinkingSpanLink({ span, external }: { readonly span: LinkingSpan; readonly external: boolean }) {
  return (
    <Link to="/trace/$traceId" params={{ traceId: span.traceId }} search={{ span: span.spanId }}>
      <Icon name={external ? "external" : "link"} />
      <span>
        <b>{span.service}</b> <bdi>{span.name}</bdi>
      </span>
    </Link>
  );
}
