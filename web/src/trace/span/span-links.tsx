import { Link } from "@tanstack/react-router";
import type { UiSpanDetail } from "../../../../src/query/ui/api-types.ts";
import { formatCount } from "../../format/count.ts";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { rowOfSpan, type TraceModel } from "../model/trace-model.ts";
import { AttributeTable } from "./attribute-table.tsx";

/** Links to other spans, each opening the linked trace at that span. */
export function SpanLinks({ span, model }: { readonly span: UiSpanDetail; readonly model: TraceModel }) {
  return (
    <ul className="links">
      {span.links.map((link, index) => {
        const same = link.traceId === span.traceId;
        const row = same ? rowOfSpan(model.columns, link.spanId) : -1;
        const { columns } = model;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: links may be equal in all they have
          <li key={index} className="link">
            <div className="link-head">
              <Link to="/trace/$traceId" params={{ traceId: link.traceId }} search={{ span: link.spanId }}>
                <Icon name={same ? "link" : "external"} />
                {row >= 0
                  ? `${columns.services[columns.service[row]!]} ${columns.names[columns.name[row]!]}`
                  : same
                    ? "a span of this trace that has not arrived"
                    : "another trace"}
              </Link>
              <CopyButton text={`${link.traceId}:${link.spanId}`} label="Copy the linked ids" />
            </div>
            <div className="mono muted break-anywhere">
              {link.traceId} · {link.spanId}
            </div>
            {link.traceState !== "" && <div className="mono muted break-anywhere">{link.traceState}</div>}
            {(link.attributes.length > 0 || link.droppedAttributesCount > 0) && (
              <AttributeTable attributes={link.attributes} dropped={link.droppedAttributesCount} />
            )}
          </li>
        );
      })}
      {span.droppedLinksCount > 0 && (
        <li className="dropped">{formatCount(span.droppedLinksCount)} more were dropped by the sender</li>
      )}
    </ul>
  );
}
