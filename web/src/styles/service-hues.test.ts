import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { HUES } from "../format/service-look.ts";

/** Linear light of red, green and blue, 0…1. */
type Light = readonly [number, number, number];
type Matrix = readonly [Light, Light, Light];

/** How much two colours that stand beside each other must differ, in OKLab. */
const APART = 0.1;
/** Text lies on bars in the colour of the surface: WCAG 2.2, 1.4.3. */
const READABLE = 4.5;

/** Machado, Oliveira, Fernandes 2009, of eyes that lack one kind of cones. */
const EYES: Readonly<Record<string, Matrix>> = {
  "all cones": [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  "no red cones (protanopia)": [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  "no green cones (deuteranopia)": [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
};

/** From OKLab to the cube roots of cone responses, from those to light, and back (Ottosson 2020). */
const LAB_TO_CONES: Matrix = [
  [1, 0.3963377774, 0.2158037573],
  [1, -0.1055613458, -0.0638541728],
  [1, -0.0894841775, -1.291485548],
];
const CONES_TO_LIGHT: Matrix = [
  [4.0767416621, -3.3077115913, 0.2309699292],
  [-1.2684380046, 2.6097574011, -0.3413193965],
  [-0.0041960863, -0.7034186147, 1.707614701],
];
const LIGHT_TO_CONES: Matrix = [
  [0.4122214708, 0.5363325363, 0.0514459929],
  [0.2119034982, 0.6806995451, 0.1073969566],
  [0.0883024619, 0.2817188376, 0.6299787005],
];
const CONES_TO_LAB: Matrix = [
  [0.2104542553, 0.793617785, -0.0040720468],
  [1.9779984951, -2.428592205, 0.4505937099],
  [0.0259040371, 0.7827717662, -0.808675766],
];

const times = (matrix: Matrix, [a, b, c]: Light): Light => {
  const [x, y, z] = matrix.map((row) => row[0] * a + row[1] * b + row[2] * c);
  return [x!, y!, z!];
};
const each = ([a, b, c]: Light, change: (value: number) => number): Light => [change(a), change(b), change(c)];

const labOf = (light: Light) => times(CONES_TO_LAB, each(times(LIGHT_TO_CONES, light), Math.cbrt));
const seenBy = (eyes: Matrix, light: Light) => labOf(each(times(eyes, light), (x) => Math.min(1, Math.max(0, x))));
const distance = (a: Light, b: Light) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);

function parse(colour: string): Light {
  if (colour.startsWith("#")) {
    const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255);
    return each([r!, g!, b!], (x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
  }
  const [lightness, chroma, hue] = colour
    .replace(/^oklch\(|\)$/g, "")
    .split(" ")
    .map(Number);
  const angle = (hue! / 180) * Math.PI;
  const cones = times(LAB_TO_CONES, [lightness!, chroma! * Math.cos(angle), chroma! * Math.sin(angle)]);
  return times(
    CONES_TO_LIGHT,
    each(cones, (x) => x ** 3),
  );
}

const sheet = readFileSync(join(import.meta.dirname, "tokens.css"), "utf8");
/** A custom property of the style sheet in both themes. */
function token(name: string): { readonly light: Light; readonly dark: Light } {
  const [, light, dark] = new RegExp(`--${name}: light-dark\\(([^,]+), (.+)\\);`).exec(sheet) ?? [];
  return { light: parse(light!), dark: parse(dark!) };
}

function luminance([r, g, b]: Light): number {
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a: Light, b: Light): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high! + 0.05) / (low! + 0.05);
}

describe.each(["light", "dark"] as const)("the colours of services, %s", (theme) => {
  const hues = Array.from({ length: HUES }, (_, hue) => token(`hue-${hue}`)[theme]);

  it.each(Object.entries(EYES))("differ by 0.1 or more for eyes with %s", (_, eyes) => {
    const close = hues.flatMap((a, i) =>
      hues.slice(i + 1).flatMap((b, j) => {
        const apart = distance(seenBy(eyes, a), seenBy(eyes, b));
        return apart < APART ? [`${i} and ${i + 1 + j}: ${apart.toFixed(3)}`] : [];
      }),
    );
    expect(close).toEqual([]);
  });

  it("are colours of the screen, bear text, and are not taken for an error", () => {
    for (const [hue, light] of hues.entries()) {
      for (const part of light) expect(part, `hue ${hue}`).toBeGreaterThanOrEqual(0);
      for (const part of light) expect(part, `hue ${hue}`).toBeLessThanOrEqual(1);
      expect(contrast(light, token("surface")[theme]), `hue ${hue}`).toBeGreaterThanOrEqual(READABLE);
      expect(distance(labOf(light), labOf(token("error-fill")[theme])), `hue ${hue}`).toBeGreaterThanOrEqual(APART);
    }
  });
});

it("measures as published: black to white is 1, and red is green for eyes without green cones", () => {
  expect(distance(labOf([0, 0, 0]), labOf([1, 1, 1]))).toBeCloseTo(1, 3);
  expect(contrast([0, 0, 0], [1, 1, 1])).toBeCloseTo(21, 6);
  const [red, green] = [parse("#b04a00"), parse("#6f6a00")];
  const eyes = EYES["no green cones (deuteranopia)"]!;
  expect(distance(seenBy(eyes, red), seenBy(eyes, green))).toBeLessThan(distance(labOf(red), labOf(green)) / 2);
});
