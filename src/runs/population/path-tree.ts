/** A request that calls itself over and over makes no longer paths. */
const MOST_STEPS = 64;
/** Names that hold ids would make as many paths as there are requests. */
const MOST_PATHS = 20_000;

export const NO_PATH = -1;

/** Operation paths, each with a number: an operation under the path of its parent. */
export class PathTree {
  /** Path → path of the parent, or NO_PATH. */
  readonly parent: number[] = [];
  /** Path → operation. */
  readonly operation: number[] = [];
  readonly #steps: number[] = [];
  readonly #below: Map<number, number>[] = [];
  readonly #roots = new Map<number, number>();

  get count(): number {
    return this.parent.length;
  }

  /** The path of an operation that one at `parent` called; undefined where it would be one too many. */
  pathOf(parent: number, operation: number): number | undefined {
    const below = parent === NO_PATH ? this.#roots : (this.#below[parent] as Map<number, number>);
    const known = below.get(operation);
    if (known !== undefined) return known;
    const steps = parent === NO_PATH ? 1 : (this.#steps[parent] as number) + 1;
    if (steps > MOST_STEPS || this.count >= MOST_PATHS) return undefined;
    const path = this.count;
    below.set(operation, path);
    this.parent.push(parent);
    this.operation.push(operation);
    this.#steps.push(steps);
    this.#below.push(new Map());
    return path;
  }
}
