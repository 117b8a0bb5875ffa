import { Link } from "@tanstack/react-router";
import type { UiSpanDetail } from "../../../../src/query/ui/api-types.ts";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { rowOfSpan, shownOperation, shownService, type TraceModel } from "../model/trace-model.ts";
import { AttributeTable } from "./attribute-table.tsx";
import { Dropped } from "./dropped.tsx";
import { LinkItem, LinkText } from "./link-item.tsx";
import { LinkTarget } from "./link-target.tsx";

/** Of so many links the target is looked for; a batch's span may have hundreds. */
const LOOKED_FOR = 20;

/** Links to other spans, each opening the linked trace at that span. */
export function SpanLinks({ span, model }: { readonly span: UiSpanDetail; readonly model: TraceModel }) {
  return (
    <ul>
      {span.links.map((link, index) => {
        const same = link.traceId === span.traceId;
        const row = same ? rowOfSpan(model.columns, link.spanId) : -1;
        const { columns } = model;
        return (
          <LinkItem
            // biome-ignore lint/suspicious/noArrayIndexKey: links may be equal in all they have
            key={index}
            traceId={link.traceId}
            spanId={link.spanId}
            head={
              <>
                <Link to="/trace/$traceId" params={{ traceId: link.traceId }} search={{ span: link.spanId }}>
                  <Icon name={same ? "link" : "external"} />
                  {row >= 0 ? (
                    <span>
                      <b>{shownService(columns, row)}</b> <bdi>{shownOperation(columns, row)}</bdi>
                    </span>
                  ) : same ? (
                    "a span of this trace that has not arrived"
                  ) : (
                    <LinkTarget traceId={span.traceId} linked={link} look={index < LOOKED_FOR} />
                  )}
                </Link>
                <CopyButton text={`${link.traceId}:${link.spanId}`} label="Copy the linked ids" />
              </>
            }
          >
            {link.traceState !== "" && <LinkText text={link.traceState} />}
            {(link.attributes.length > 0 || link.droppedAttributesCount > 0) && (
              <AttributeTable attributes={link.attributes} dropped={link.droppedAttributesCount} />
            )}
          </LinkItem>
        );
      })}
      <Dropped count={span.droppedLinksCount} as="li" />
    </ul>
  );
}
