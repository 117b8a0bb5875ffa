export function CollectorPage() {
  return null;
}
