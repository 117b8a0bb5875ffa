import { Link, useNavigate } from "@tanstack/react-router";
import type { UiRedResponse, UiServicesResponse } from "../../../src/query/ui/api-types.ts";
import { rateUnit } from "../format/rate.ts";
import { RedCells } from "../services/red-cells.tsx";
import { SortedRedTable } from "../services/red-table.tsx";
import { operationRows, sortFigures } from "../services/service-rows.ts";
import { readServicesParams, sortOf, withSort } from "../services/services-params.ts";
import { useChanges } from "../services/use-changes.ts";
import { EmptyNote } from "../ui/empty-note.tsx";
import type { ServiceParams } from "./service-params.ts";

/** The operations of a service; a press draws one of them. */
export function ServiceOperations({
  name,
  known,
  response,
  params,
}: {
  readonly name: string;
  /** Those that the store knows by name. */
  readonly known: UiServicesResponse["services"][number]["operations"];
  readonly response: UiRedResponse | undefined;
  readonly params: ServiceParams;
}) {
  const navigate = useNavigate({ from: "/services/$name" });
  const changes = useChanges(response, name);
  const sort = sortOf(readServicesParams({ ...params }));
  const rows = operationRows(known, response?.operations ?? []);
  const unit = rateUnit(rows.reduce((most, row) => Math.max(most, row.ratePerSecond), 0));
  if (rows.length === 0) {
    return (
      <EmptyNote>
        <p>The store knows no operation of this service.</p>
      </EmptyNote>
    );
  }
  return (
    <section aria-label="Operations">
      <SortedRedTable
        of="Operation"
        sort={sort}
        onSort={(next) => {
          const { sort: sorted } = withSort({}, next);
          void navigate({
            search: ({ sort: _, ...rest }) => (sorted === undefined ? rest : { ...rest, sort: sorted }),
            replace: true,
          });
        }}
      >
        <tbody>
          {sortFigures(rows, sort).map((row) => (
            <tr
              key={`${row.kind} ${row.name}`}
              data-current={row.name === params.operation && (params.kind ?? row.kind) === row.kind}
            >
              <th scope="row">
                <Link
                  from="/services/$name"
                  to="."
                  search={(before) => ({ ...before, operation: row.name, kind: row.kind })}
                  dir="auto"
                >
                  {row.name}
                </Link>{" "}
                <span className="muted">{row.kind}</span>
              </th>
              <RedCells
                row={row}
                changes={changes.ofOperation(row.name, row.kind)}
                unknown={row.source === "none"}
                stepMs={response?.stepMs ?? 1}
                unit={unit}
              />
            </tr>
          ))}
        </tbody>
      </SortedRedTable>
    </section>
  );
}
