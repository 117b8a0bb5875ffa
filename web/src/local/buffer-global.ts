// What Node has by itself: the codecs, which the collector shares with these pages, read and write text with it.
import { Buffer } from "buffer/";

globalThis.Buffer ??= Buffer as unknown as typeof globalThis.Buffer;
