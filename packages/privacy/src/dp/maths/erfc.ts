/** W. J. Cody, Rational Chebyshev approximation for the error function, 1969: about 16 digits everywhere. */
const A = [3.1611237438705655, 113.86415415105016, 377.485237685302, 3209.3775891384694, 0.18577770618460315];
const B = [23.601290952344122, 244.02463793444417, 1282.6165260773723, 2844.236833439171];
const C = [
  0.5641884969886701, 8.883149794388377, 66.11919063714163, 298.6351381974001, 881.952221241769, 1712.0476126340707,
  2051.0783778260716, 1230.3393547979972, 2.1531153547440383e-8,
];
const D = [
  15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903, 3290.7992357334597, 4362.619090143247,
  3439.3676741437216, 1230.3393548037495,
];
const P = [
  0.30532663496123236, 0.36034489994980445, 0.12578172611122926, 0.016083785148742275, 0.0006587491615298378,
  0.016315387137302097,
];
const Q = [2.568520192289822, 1.8729528499234673, 0.5279051029514285, 0.06051834131244132, 0.0023352049762686918];
const INVERSE_SQRT_PI = 0.5641895835477563;

/** The complementary error function, relative error about 1e-15. */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  if (x <= 0.46875) return 1 - x * smallRatio(x * x);
  return Math.exp(-x * x) * scaled(x);
}

/** exp(x²)·erfc(x) for x ≥ 0: does not underflow. */
export function erfcx(x: number): number {
  return x <= 0.46875 ? Math.exp(x * x) * (1 - x * smallRatio(x * x)) : scaled(x);
}

/** P(Z ≤ x) of a standard normal Z. */
export function normalCdf(x: number): number {
  return 0.5 * erfc(-x / Math.SQRT2);
}

/** ln P(Z ≤ x): exact in relative terms far into the lower tail. */
export function logNormalCdf(x: number): number {
  if (x > -1) return Math.log(normalCdf(x));
  const y = -x / Math.SQRT2;
  return Math.log(0.5 * erfcx(y)) - y * y;
}

/** erf(x)/x by x². */
function smallRatio(y: number): number {
  let num = (A[4] as number) * y;
  let den = y;
  for (let i = 0; i < 3; i++) {
    num = (num + (A[i] as number)) * y;
    den = (den + (B[i] as number)) * y;
  }
  return (num + (A[3] as number)) / (den + (B[3] as number));
}

/** exp(x²)·erfc(x) for x > 0.46875. */
function scaled(x: number): number {
  if (x <= 4) {
    let num = (C[8] as number) * x;
    let den = x;
    for (let i = 0; i < 7; i++) {
      num = (num + (C[i] as number)) * x;
      den = (den + (D[i] as number)) * x;
    }
    return (num + (C[7] as number)) / (den + (D[7] as number));
  }
  const y = 1 / (x * x);
  let num = (P[5] as number) * y;
  let den = y;
  for (let i = 0; i < 4; i++) {
    num = (num + (P[i] as number)) * y;
    den = (den + (Q[i] as number)) * y;
  }
  const ratio = (y * (num + (P[4] as number))) / (den + (Q[4] as number));
  return (INVERSE_SQRT_PI - ratio) / x;
}
