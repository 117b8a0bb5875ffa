/** Longer statements stay as they came. */
const MOST_CHARACTERS = 20_000;
const INDENT = "  ";

/** Words that begin a line of their own, outside of brackets and within those of a subquery. */
const CLAUSES =
  /^(?:SELECT|FROM|WHERE|GROUP\s+BY|ORDER\s+BY|HAVING|LIMIT|OFFSET|FETCH|UNION(?:\s+ALL)?|INTERSECT|EXCEPT|VALUES|SET|RETURNING|ON\s+CONFLICT|ON\s+DUPLICATE\s+KEY\s+UPDATE|(?:(?:LEFT|RIGHT|FULL)(?:\s+OUTER)?|INNER|CROSS|NATURAL)\s+JOIN|JOIN|INSERT\s+INTO|DELETE\s+FROM|UPDATE|WITH)$/i;
const LOGIC = /^(?:AND|OR)$/i;
/** Strings, quoted names, comments, words of clauses with the blanks between them, other words, and single signs. */
const TOKEN =
  /'(?:[^'\\]|''|\\.)*'|"(?:[^"]|"")*"|`[^`]*`|\$\w*\$[\s\S]*?\$\w*\$|--[^\n]*|\/\*[\s\S]*?\*\/|(?:GROUP|ORDER)\s+BY\b|UNION\s+ALL\b|ON\s+CONFLICT\b|ON\s+DUPLICATE\s+KEY\s+UPDATE\b|(?:(?:LEFT|RIGHT|FULL)(?:\s+OUTER)?|INNER|CROSS|NATURAL)\s+JOIN\b|INSERT\s+INTO\b|DELETE\s+FROM\b|[\w$@:.?%]+|\s+|./giu;

/**
 * A SQL statement with a line for each clause. Only blanks between words change: what was asked is not said in other
 * words. A statement that is laid out already, one that is very long, and what is no SQL stay as they are.
 */
export function formatSql(statement: string): string {
  const text = statement.trim();
  if (text.length > MOST_CHARACTERS || text.includes("\n") || !/^(?:select|insert|update|delete|with)\b/i.test(text)) {
    return statement;
  }
  const out: string[] = [];
  /** Of each open bracket: whether it holds a subquery, and the levels of its lines and of the line that ends it. */
  const open: { readonly query: boolean; readonly inside: number; readonly after: number }[] = [];
  const tokens = text.match(TOKEN) ?? [];
  let level = 0;
  const isQuery = () => open.at(-1)?.query ?? true;
  const newLine = (indent: number) => {
    while (out.length > 0 && /^\s+$/.test(out.at(-1) as string)) out.pop();
    level = indent;
    if (out.length > 0) out.push(`\n${INDENT.repeat(indent)}`);
  };
  for (const [index, token] of tokens.entries()) {
    if (/^\s+$/.test(token)) {
      if (out.length > 0 && !/\s$/.test(out.at(-1) as string)) out.push(" ");
      continue;
    }
    if (token === "(") {
      const next = tokens.slice(index + 1, index + 3).find((one) => !/^\s+$/.test(one)) ?? "";
      out.push(token);
      open.push({ query: /^(?:select|with)$/i.test(next), inside: level + 1, after: level });
      continue;
    }
    if (token === ")") {
      const closed = open.pop();
      if (closed?.query === true) newLine(closed.after);
      out.push(token);
      continue;
    }
    const inside = open.at(-1)?.inside ?? 0;
    if (isQuery() && CLAUSES.test(token)) newLine(inside);
    else if (isQuery() && LOGIC.test(token) && !isBetween(tokens, index)) newLine(inside + 1);
    // A line comment ends with its line, and the statement has none: it is the last.
    out.push(token);
  }
  return out.join("");
}

/** Whether an AND belongs to the BETWEEN before it. */
function isBetween(tokens: readonly string[], index: number): boolean {
  for (let i = index - 1; i >= 0; i--) {
    const token = tokens[i] as string;
    if (/^between$/i.test(token)) return true;
    if (LOGIC.test(token) || CLAUSES.test(token)) return false;
  }
  return false;
}
