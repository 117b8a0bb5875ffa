import { describe, expect, it } from "vitest";
import { formatSql } from "./sql-format.ts";

const withoutBlanks = (text: string) => text.replace(/\s+/g, "");

describe("a statement as it is shown", () => {
  it("has a line for each clause and for each condition", () => {
    expect(
      formatSql(
        "SELECT a, b FROM stock s LEFT JOIN sku ON sku.id = s.sku WHERE s.n > 0 AND x = 'and or' ORDER BY a LIMIT 5",
      ),
    ).toBe(
      [
        "SELECT a, b",
        "FROM stock s",
        "LEFT JOIN sku ON sku.id = s.sku",
        "WHERE s.n > 0",
        "  AND x = 'and or'",
        "ORDER BY a",
        "LIMIT 5",
      ].join("\n"),
    );
  });

  it("indents subqueries, and leaves functions and BETWEEN on their line", () => {
    expect(
      formatSql("SELECT coalesce(a, b) FROM t WHERE n BETWEEN 1 AND 9 AND id IN (SELECT id FROM u WHERE v = 1)"),
    ).toBe(
      [
        "SELECT coalesce(a, b)",
        "FROM t",
        "WHERE n BETWEEN 1 AND 9",
        "  AND id IN (",
        "    SELECT id",
        "    FROM u",
        "    WHERE v = 1",
        "  )",
      ].join("\n"),
    );
  });

  it.each([
    "INSERT INTO orders (user_id, total) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET total = excluded.total",
    "update stock set n = n - 1 where sku = ? and warehouse in ('a b', \"c d\", `e f`)",
    "WITH x AS (SELECT 1) SELECT * FROM x -- why",
    "select $tag$ from where $tag$, 'it''s', E'a\\'b' from t where a like '%from%'",
    "SELECT 'never ends FROM t",
  ])("changes nothing but blanks: %s", (statement) => {
    const shown = formatSql(statement);
    expect(withoutBlanks(shown)).toBe(withoutBlanks(statement));
    for (const text of statement.match(/'(?:[^'\\]|''|\\.)*'|"[^"]*"|`[^`]*`|\$tag\$.*\$tag\$/g) ?? [])
      expect(shown).toContain(text);
  });

  it.each([
    '{"match":{"title":"from"}}',
    "HGETALL cart:?",
    "SELECT a\nFROM b",
    `SELECT ${"a,".repeat(20_000)} b FROM c`,
  ])("is left alone where it is laid out, long or no SQL", (statement) => {
    expect(formatSql(statement)).toBe(statement);
  });
});
