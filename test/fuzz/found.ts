/** An input that a target did not treat as it must: minimised, and fed again by every run. */
interface Found {
  readonly target: string;
  readonly what: string;
  readonly base64: string;
}

export const FOUND: readonly Found[] = [
  {
    target: "columns",
    what: "strings that are no JSON",
    base64:
      "U1BMQwIAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAFgAAAAEAAAAAAAAAAQAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAFsic2hvcCIsIkdFVCAvZSwiIiwtMV0=",
  },
  {
    target: "columns",
    what: "strings that are no list",
    base64:
      "U1BMQwIAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAFgAAAAEAAAAAAAAAAQAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAHsibGVuZ3RoIjozLCJhIjoiYmNkIn0=",
  },
  {
    target: "config",
    what: "aliases that stand for more than could be written",
    base64:
      "YTogJmEgW2IsYixiLGIsYixiLGIsYixiXQpiOiAmYiBbKmEsKmEsKmEsKmEsKmEsKmEsKmEsKmEsKmFdCmM6ICZjIFsqYiwqYiwqYiwqYiwqYiwqYiwqYiwqYiwqYl0KZDogWypjLCpjLCpjLCpjLCpjLCpjLCpjLCpjLCpjXQo=",
  },
  { target: "prolog", what: "an argument of which nothing is left", base64: "KCcnLCww" },
];
