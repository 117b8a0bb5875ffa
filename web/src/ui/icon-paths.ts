/** Line icons on a 16-unit grid, for SVG and canvas alike. */
export const ICON_PATHS = {
  search: "M7 12.2A5.2 5.2 0 1 0 7 1.8a5.2 5.2 0 0 0 0 10.4Zm3.8-1.4L14.5 14.5",
  close: "M3.5 3.5l9 9m0-9l-9 9",
  error: "M8 1.5l6.8 12.5H1.2L8 1.5Zm0 4.7v3.6m0 2v.1",
  warning: "M8 1.6a6.4 6.4 0 1 0 0 12.8A6.4 6.4 0 0 0 8 1.6Zm0 3.2v3.8m0 2.4v.1",
  copy: "M5.5 5.5v-3h8v8h-3m-8-5h8v8h-8v-8Z",
  check: "M2.5 8.5l3.5 3.5 7.5-8",
  link: "M6.5 9.5l3-3M7 4.5l1.6-1.6a3.2 3.2 0 0 1 4.5 4.5L11.5 9M9 11.5l-1.6 1.6a3.2 3.2 0 0 1-4.5-4.5L4.5 7",
  filter: "M1.8 2.8h12.4L9.5 8.4v4.8l-3-1.6V8.4L1.8 2.8Z",
  chevronLeft: "M10 3.5L5.5 8l4.5 4.5",
  chevronRight: "M6 3.5L10.5 8 6 12.5",
  chevronDown: "M3.5 6L8 10.5 12.5 6",
  up: "M8 13V3m0 0L3.8 7.2M8 3l4.2 4.2",
  down: "M8 3v10m0 0l4.2-4.2M8 13L3.8 8.8",
  sun: "M8 4.8a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 0 0 0-6.4ZM8 1v1.4M8 13.6V15M1 8h1.4M13.6 8H15M3 3l1 1m8 8l1 1m0-10l-1 1M4 12l-1 1",
  moon: "M13.5 9.6A6 6 0 0 1 6.4 2.5a6 6 0 1 0 7.1 7.1Z",
  system: "M1.8 2.5h12.4v8.3H1.8V2.5ZM5.5 13.7h5M8 10.8v2.9",
  open: "M1.8 12.8v-10h4.4l1.6 2h6.4v2.4M1.8 12.8l2.2-5.6h11.2l-2.2 5.6H1.8Z",
  download: "M8 2v8m0 0L4.8 6.8M8 10l3.2-3.2M2.5 13.5h11",
  help: "M5.6 5.9a2.4 2.4 0 1 1 3.6 2.1c-.8.4-1.2.9-1.2 1.8m0 2.3v.1M8 1.4a6.6 6.6 0 1 0 0 13.2A6.6 6.6 0 0 0 8 1.4Z",
  external: "M9.5 2.5h4v4m0-4l-6 6M11.5 9.5v4h-9v-9h4",
  broken: "M6 4.5L8.6 2a3.1 3.1 0 0 1 4.4 4.4L10.5 9M9.5 11.5L7 14a3.1 3.1 0 0 1-4.4-4.4L5 7.2M3 3l10 10",
  command:
    "M5.5 5.5h5v5h-5v-5Zm0 0H3.8a1.8 1.8 0 1 1 1.7-1.7v1.7Zm5 0V3.8a1.8 1.8 0 1 1 1.7 1.7h-1.7Zm0 5h1.7a1.8 1.8 0 1 1-1.7 1.7v-1.7Zm-5 0v1.7a1.8 1.8 0 1 1-1.7-1.7h1.7Z",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  column: "M2 2.5h12v11H2v-11ZM6 2.5v11M10 2.5v11",
  dockRight: "M2 2.5h12v11H2v-11ZM10 2.5v11",
  dockBottom: "M2 2.5h12v11H2v-11ZM2 9.5h12",
  fit: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
} as const;

export type IconName = keyof typeof ICON_PATHS;
