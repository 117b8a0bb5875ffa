/** Answers remembered for one pattern; names repeat, so a few thousand are plenty. */
const REMEMBERED = 4_096;

/** A whole-text match where `*` stands for any run of characters and `?` for one; everything else for itself. */
export function globMatcher(pattern: string): (text: string) => boolean {
  if (pattern === "*") return () => true;
  if (!/[*?]/.test(pattern)) return (text) => text === pattern;
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replaceAll("?", ".");
  const expression = new RegExp(`^${source}$`, "su");
  const answers = new Map<string, boolean>();
  return (text) => {
    let answer = answers.get(text);
    if (answer === undefined) {
      answer = expression.test(text);
      if (answers.size >= REMEMBERED) answers.clear();
      answers.set(text, answer);
    }
    return answer;
  };
}
