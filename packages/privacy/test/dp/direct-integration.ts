/**
 * δ of few steps by integrating over the noise of all but the last, whose δ is known in closed form. Everything here
 * is made anew: nodes by Newton's iteration, the normal law by series and continued fraction, no code of the package.
 */
export interface Integrated {
  /** With the record against without it. */
  readonly remove: number;
  readonly add: number;
}

/** One mechanism's step: P is the noise with the record, Q without it. */
interface Step {
  /** Where the noise of the first argument of δ lies, with the points at which the integrand may kink. */
  readonly removeRange: readonly [number, number];
  readonly addRange: readonly [number, number];
  readonly atoms: { readonly remove: readonly Atom[]; readonly add: readonly Atom[] };
  mixture(x: number): number;
  noise(x: number): number;
  loss(x: number): number;
  /** Where the loss is l; not finite where it never is. */
  place(l: number): number;
  /** δ of one step at any real ε. */
  remove(epsilon: number): number;
  add(epsilon: number): number;
  /** Losses at which `remove` and `add` are not analytic. */
  readonly kinks: { readonly remove: readonly number[]; readonly add: readonly number[] };
}

interface Atom {
  readonly mass: number;
  readonly loss: number;
}

/** δ of `steps` ≤ 3 Poisson-sampled Gaussian steps. */
export function integratedGaussian(sigma: number, rate: number, steps: number, epsilon: number): Integrated {
  return integrated(gaussianStep(sigma, rate), steps, epsilon);
}

/** δ of `steps` ≤ 3 Poisson-sampled Laplace steps of sensitivity 1. */
export function integratedLaplace(scale: number, rate: number, steps: number, epsilon: number): Integrated {
  return integrated(laplaceStep(scale, rate), steps, epsilon);
}

function integrated(step: Step, steps: number, epsilon: number): Integrated {
  const remove = (left: number, e: number): number => {
    if (left === 1) return step.remove(e);
    const cuts = step.kinks.remove.map((kink) => step.place(e - kink));
    const inside = whole((x) => step.mixture(x) * remove(left - 1, e - step.loss(x)), step.removeRange, cuts);
    return step.atoms.remove.reduce((sum, { mass, loss }) => sum + mass * remove(left - 1, e - loss), inside);
  };
  const add = (left: number, e: number): number => {
    if (left === 1) return step.add(e);
    const cuts = step.kinks.add.map((kink) => step.place(kink - e));
    const inside = whole((x) => step.noise(x) * add(left - 1, e + step.loss(x)), step.addRange, cuts);
    return step.atoms.add.reduce((sum, { mass, loss }) => sum + mass * add(left - 1, e - loss), inside);
  };
  return { remove: remove(steps, epsilon), add: add(steps, epsilon) };
}

function gaussianStep(sigma: number, rate: number): Step {
  const density = (x: number, mean: number) =>
    Math.exp(-((x - mean) ** 2) / (2 * sigma ** 2)) / (sigma * Math.sqrt(2 * Math.PI));
  const place = (l: number) => {
    const inside = (Math.exp(l) - 1 + rate) / rate;
    return inside > 0 ? sigma ** 2 * Math.log(inside) + 0.5 : Number.NEGATIVE_INFINITY;
  };
  const above = (x: number, mean: number) => upperNormal((x - mean) / sigma);
  const below = (x: number, mean: number) => upperNormal((mean - x) / sigma);
  const limit = Math.log(1 - rate);
  const range = [-9 * sigma, 1 + 9 * sigma] as const;
  return {
    removeRange: range,
    addRange: range,
    atoms: { remove: [], add: [] },
    mixture: (x) => (1 - rate) * density(x, 0) + rate * density(x, 1),
    noise: (x) => density(x, 0),
    loss: (x) => Math.log(1 - rate + rate * Math.exp((2 * x - 1) / (2 * sigma ** 2))),
    place,
    remove: (epsilon) => {
      const x = place(epsilon);
      return (1 - rate) * above(x, 0) + rate * above(x, 1) - Math.exp(epsilon) * above(x, 0);
    },
    add: (epsilon) => {
      const x = place(-epsilon);
      return below(x, 0) - Math.exp(epsilon) * ((1 - rate) * below(x, 0) + rate * below(x, 1));
    },
    kinks: { remove: [limit], add: [-limit] },
  };
}

function laplaceStep(scale: number, rate: number): Step {
  const noise = (x: number) => Math.exp(-Math.abs(x) / scale) / (2 * scale);
  const [low, high] = [-1, 1].map((u) => Math.log(1 - rate + rate * Math.exp(u / scale))) as [number, number];
  const place = (l: number) => 0.5 + (scale / 2) * Math.log((Math.exp(l) - 1 + rate) / rate);
  /** Mass of the noise at mean above x. */
  const above = (x: number, mean: number) =>
    x > mean ? 0.5 * Math.exp((mean - x) / scale) : 1 - 0.5 * Math.exp((x - mean) / scale);
  const mixed = (x: number) => (1 - rate) * above(x, 0) + rate * above(x, 1);
  return {
    removeRange: [0, 1],
    addRange: [0, 1],
    atoms: {
      remove: [
        { mass: 1 - mixed(0), loss: low },
        { mass: mixed(1), loss: high },
      ],
      add: [
        { mass: 0.5, loss: -low },
        { mass: above(1, 0), loss: -high },
      ],
    },
    mixture: (x) => (1 - rate) * noise(x) + rate * noise(x - 1),
    noise,
    loss: (x) => Math.log(1 - rate + rate * Math.exp((2 * x - 1) / scale)),
    place,
    remove: (epsilon) => {
      if (epsilon >= high) return 0;
      if (epsilon <= low) return -Math.expm1(epsilon);
      const x = place(epsilon);
      return mixed(x) - Math.exp(epsilon) * above(x, 0);
    },
    add: (epsilon) => {
      if (epsilon >= -low) return 0;
      if (epsilon <= -high) return -Math.expm1(epsilon);
      const x = place(-epsilon);
      return 1 - above(x, 0) - Math.exp(epsilon) * (1 - mixed(x));
    },
    kinks: { remove: [low, high, 2 * low, low + high, 2 * high], add: [-low, -high, -2 * low, -low - high, -2 * high] },
  };
}

/** Beside a cut the integrand is smooth but not analytic: pieces shrink towards it. */
function whole(f: (x: number) => number, [from, to]: readonly [number, number], cuts: readonly number[]): number {
  const inside = cuts.filter((cut) => cut > from && cut < to).sort((a, b) => a - b);
  const marks = [from, ...inside, to];
  if (inside.length === 0) return pieces(f, from, to, 16);
  const grades = [0, 0.003, 0.01, 0.03, 0.1, 0.3, 0.5];
  let sum = 0;
  for (let i = 1; i < marks.length; i++) {
    const [a, b] = [marks[i - 1] as number, marks[i] as number];
    const ends = [
      ...grades.map((g) => a + g * (b - a)),
      ...grades
        .toReversed()
        .slice(1)
        .map((g) => b - g * (b - a)),
    ];
    for (let j = 1; j < ends.length; j++) sum += pieces(f, ends[j - 1] as number, ends[j] as number, 2);
  }
  return sum;
}

function pieces(f: (x: number) => number, from: number, to: number, count: number): number {
  const half = (to - from) / (2 * count);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const centre = from + (2 * i + 1) * half;
    for (const { node, weight } of LEGENDRE) sum += weight * f(centre + half * node);
  }
  return sum * half;
}

/** Gauss-Legendre of 8 nodes, by Newton's iteration on the recurrence of the polynomials. */
const LEGENDRE = Array.from({ length: 8 }, (_, k) => {
  const n = 8;
  let node = Math.cos((Math.PI * (k + 0.75)) / (n + 0.5));
  let slope = 1;
  for (let i = 0; i < 50; i++) {
    let [before, now] = [1, node];
    for (let m = 2; m <= n; m++) [before, now] = [now, ((2 * m - 1) * node * now - (m - 1) * before) / m];
    slope = (n * (node * now - before)) / (node * node - 1);
    node -= now / slope;
  }
  return { node, weight: 2 / ((1 - node * node) * slope * slope) };
});

/** P(Z > z): Taylor's series near 0, Lentz's continued fraction beyond. */
export function upperNormal(z: number): number {
  if (z < 0) return 1 - upperNormal(-z);
  if (z === Number.POSITIVE_INFINITY) return 0;
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z < 3) {
    let [term, sum] = [z, z];
    for (let k = 3; term > 1e-18; k += 2) {
      term *= (z * z) / k;
      sum += term;
    }
    return 0.5 - density * sum;
  }
  let fraction = z;
  for (let k = 50; k > 0; k--) fraction = z + k / fraction;
  return density / fraction;
}
