import { setFlagsFromString } from "node:v8";

/**
 * Gives the memory of dead buffers back at the end of each collection of young objects, on the thread that collects.
 *
 * V8 frees them on a thread beside, and counts them as used until the next collection begins. A collector's buffers are
 * large and die young, so what V8 believes to be used passes its limit again and again, and each time it marks the
 * whole heap for nothing: a quarter of all CPU time at full ingest, and pauses of 20 ms and more in the thread that
 * answers.
 *
 * The flag is for the whole process and all its threads, therefore for programs of our own and not for the library; V8
 * looks at it in each collection, so it may be set while running.
 */
export function freeBuffersAtOnce(): void {
  setFlagsFromString("--no-concurrent-array-buffer-sweeping");
}
