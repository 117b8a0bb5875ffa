/**
 * Fits a canvas's pixels to its size on screen and scales its context to CSS pixels. Returns false when it has no area.
 */
export function fitCanvas(canvas: HTMLCanvasElement, width: number, height: number): boolean {
  const ratio = Math.max(1, globalThis.devicePixelRatio);
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (w === 0 || h === 0) return false;
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  canvas.getContext("2d")!.setTransform(ratio, 0, 0, ratio, 0, 0);
  return true;
}
