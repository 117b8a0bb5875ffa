const SQRT2 = Math.SQRT2;
const TWO_BY_SQRT_PI = 2 / Math.sqrt(Math.PI);
/** Up to here the series is used, beyond it the continued fraction. */
const SERIES_TO = 2.2;

/** The probability that a standard normal variable is greater than `z`; relative error below 1e-12 to z = 37. */
export function normalUpperTail(z: number): number {
  const x = Math.abs(z) / SQRT2;
  const tail = (x < SERIES_TO ? 1 - erfSeries(x) : erfcFraction(x)) / 2;
  return z >= 0 ? tail : 1 - tail;
}

/** erf by its Taylor series (Abramowitz & Stegun 7.1.6): all terms are positive. */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return TWO_BY_SQRT_PI * Math.exp(-x * x) * sum;
}

/** erfc by its continued fraction (Abramowitz & Stegun 7.1.14), evaluated from its end. */
function erfcFraction(x: number): number {
  let value = x;
  for (let k = 60; k >= 1; k--) value = x + k / 2 / value;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / value;
}

/** The z that a standard normal variable exceeds with probability `p`; 0 < p < 1. Infinite at 0 and 1. */
export function normalUpperQuantile(p: number): number {
  if (p <= 0) return Number.POSITIVE_INFINITY;
  if (p >= 1) return Number.NEGATIVE_INFINITY;
  if (p > 0.5) return -normalUpperQuantile(1 - p);
  // A start that is good to 4.5e-4 (Abramowitz & Stegun 26.2.23), then Newton's steps on the logarithm of the tail.
  const t = Math.sqrt(-2 * Math.log(p));
  let z = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  for (let i = 0; i < 4; i++) {
    const tail = normalUpperTail(z);
    const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
    z += ((Math.log(tail) - Math.log(p)) * tail) / density;
  }
  return z;
}
