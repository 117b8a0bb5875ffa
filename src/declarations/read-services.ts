import type { DeclarationIssue } from "../sdk/declarations/checks.ts";
import {
  checkDeclaration,
  declareService,
  SERVICE_OPTION_NAMES,
  type ServiceDeclaration,
  type ServiceOptions,
} from "../sdk/declarations/options.ts";
import { readOptions } from "./option-values.ts";
import { type Position, PrologError } from "./prolog-error.ts";
import { readClauses, type Term } from "./prolog-terms.ts";
import { termText } from "./term-text.ts";

/** One element of a fact's handler list, as written. It is shown to people, never executed. */
export interface HandlerStep {
  /** Name of the term: `receive`, `handle`. */
  readonly name: string;
  readonly text: string;
  readonly at: Position;
}

/** A service declared by a fact: what `service()` takes, and where it stands. */
export interface FactDeclaration extends ServiceDeclaration {
  readonly handler: readonly HandlerStep[];
  readonly filename: string;
  readonly at: Position;
}

/** What else is wrong with a declaration whose options are right each by itself. */
export type FurtherCheck = (declared: ServiceDeclaration) => readonly DeclarationIssue[];

const OPTION_NAMES: ReadonlySet<string> = new Set(SERVICE_OPTION_NAMES);

/**
 * The services that `service(Name, Options, Handler)` and `service(Name, Handler)` facts declare, in order, with
 * defaults filled in. `service(Name, Options)` is a service without handler: its list holds options only. Comments,
 * directives and other clauses are passed over; nothing is executed. Throws PrologError with line and column, also for
 * what `further` finds.
 */
export function readServices(
  text: string,
  filename: string,
  further: FurtherCheck = () => [],
): readonly FactDeclaration[] {
  const services: FactDeclaration[] = [];
  const seen = new Map<string, Position>();
  for (const clause of readClauses(text, filename)) {
    if (clause.type === "directive") continue;
    if (clause.type === "rule") {
      if (nameOf(clause.head) === "service") {
        throw new PrologError(filename, clause.at, "expected a service fact, found a rule: rules are not executed");
      }
      continue;
    }
    if (nameOf(clause.term) !== "service") continue;
    const declared = readFact(clause.term, filename, further);
    const before = seen.get(declared.name);
    if (before !== undefined) {
      const message = `service "${declared.name}" is declared a second time, first at ${before.line}:${before.column}`;
      throw new PrologError(filename, declared.at, message);
    }
    seen.set(declared.name, declared.at);
    services.push(declared);
  }
  return services;
}

function readFact(term: Term, filename: string, further: FurtherCheck): FactDeclaration {
  const args = term.type === "compound" ? term.args : [];
  if (args.length !== 2 && args.length !== 3) {
    const message = `expected service(Name, Options, Handler) or service(Name, Handler), found ${args.length} arguments`;
    throw new PrologError(filename, term.at, message);
  }
  const [nameTerm, second, third] = args as [Term, Term, Term?];
  if (nameTerm.type !== "atom" && nameTerm.type !== "string") {
    throw new PrologError(filename, nameTerm.at, `expected the service's name as an atom, found ${termText(nameTerm)}`);
  }
  const isOptions = third !== undefined || isOptionList(second);
  const options = isOptions
    ? readOptions(second, filename, OPTION_NAMES)
    : { values: {}, places: new Map<string, Position>() };
  const handlerTerm = third ?? (isOptions ? undefined : second);
  const refuse = (issue: DeclarationIssue | undefined): void => {
    if (issue === undefined) return;
    const at = issue.path === "name" ? nameTerm.at : placeOf(issue.path, options.places, second.at);
    throw new PrologError(filename, at, `${issue.path}: ${issue.message}`);
  };
  refuse(checkDeclaration(nameTerm.value, options.values)[0]);
  const declared = declareService(nameTerm.value, options.values as ServiceOptions);
  refuse(further(declared)[0]);
  return {
    ...declared,
    handler: handlerTerm === undefined ? [] : readHandler(handlerTerm, filename),
    filename,
    at: term.at,
  };
}

function readHandler(list: Term, filename: string): readonly HandlerStep[] {
  if (list.type !== "list") {
    throw new PrologError(filename, list.at, `expected the handler as a list in [ ], found ${termText(list)}`);
  }
  return list.items.map((step) => ({ name: nameOf(step) ?? "", text: termText(step), at: step.at }));
}

/** A list, not empty, that holds nothing but known options. */
function isOptionList(term: Term): boolean {
  return (
    term.type === "list" && term.items.length > 0 && term.items.every((item) => OPTION_NAMES.has(nameOf(item) ?? ""))
  );
}

function nameOf(term: Term): string | undefined {
  if (term.type === "compound") return term.name;
  return term.type === "atom" ? term.value : undefined;
}

/** The place of the path, or of the nearest part of it that has one. */
function placeOf(path: string, places: ReadonlyMap<string, Position>, fallback: Position): Position {
  for (let part = path; part !== ""; part = part.replace(/(?:\.[^.[]*|\[\d+\]|^[^.[]*)$/, "")) {
    const place = places.get(part);
    if (place !== undefined) return place;
  }
  return fallback;
}
