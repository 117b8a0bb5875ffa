/** What Jest itself serves under this name, in every module that a test loads; the package only has its types. */
declare module "@jest/globals" {
  export function afterEach(hook: () => Promise<void>): void;
  export const expect: {
    (received: unknown): { toMatchSnapshot(hint?: string): void };
    extend(matchers: object): void;
  };
}
