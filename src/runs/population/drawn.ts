/**
 * At most `most` of the values, in their order, drawn by lot: not every tenth one, as what a run does may repeat after
 * ten requests. Equal lengths draw equal places.
 */
export function drawn(values: Float64Array, most: number): Float64Array {
  if (values.length <= most) return values.slice();
  const kept = new Float64Array(most);
  let at = 0;
  for (let i = 0; i < values.length && at < most; i++) {
    // So many are still wanted of so many that are left: each choice of places is equally likely.
    if (lot(i) * (values.length - i) < most - at) kept[at++] = values[i] as number;
  }
  return kept;
}

/** In [0, 1), by place alone. */
function lot(place: number): number {
  let mixed = Math.imul(place + 1, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 4_294_967_296;
}
