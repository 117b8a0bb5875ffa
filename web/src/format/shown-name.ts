/** A name as it is shown: one that nothing can be seen of says so, instead of looking as if it were not there. */
export function shownName(name: string): string {
  return /[^\p{Z}\p{C}]/u.test(name) ? name : "(no name)";
}
