/** Beyond this nothing that a person would call protection is left of a guarantee. */
const HARDLY_ANY = 8;
/** ln 9999: beyond it the belief is above 99.99 %. */
const BELIEF_SHOWN = Math.log(9999);

/**
 * What (ε, δ) promise one person, for whoever reads no Greek. The guess is whether the record is in the data or, under
 * replace-one, which of two it is. Figures are rounded away from the promise.
 */
export function meaning(epsilon: number, delta: number): string {
  const bound = `${belief(epsilon)}${epsilon > BELIEF_SHOWN ? '' : ' at most'}`;
  const words = `a guess about one record with even odds comes to ${bound}; 1 chance in ${oneIn(delta)} of more`;
  return epsilon > HARDLY_ANY ? `${words}. That is hardly a promise to a single person` : words;
}

/** Even odds after a release of ε, as a percentage rounded up: e^ε / (1 + e^ε). */
export function belief(epsilon: number): string {
  const percent = 100 / (1 + Math.exp(-epsilon));
  if (percent > 99.99) return 'more than 99.99 %';
  const scale = percent > 99.9 ? 100 : 10;
  return `${Math.ceil(percent * scale - 1e-9) / scale} %`;
}

/** An upper bound, rounded up: what is printed is never less than what is spent. */
export function upper(value: number, digits: number): string {
  const scale = 10 ** digits;
  const rounded = Math.ceil(value * scale * (1 - 1e-12)) / scale;
  return rounded < 1e6 ? rounded.toFixed(digits) : value.toExponential(digits);
}

/** A lower bound, rounded down: what is left is never more than that. */
export function lower(value: number, digits: number): string {
  const scale = 10 ** digits;
  return (Math.floor(value * scale * (1 + 1e-12)) / scale).toFixed(digits);
}

/** `0.000001` as `1e-6`. */
export function scientific(value: number): string {
  return value !== 0 && value < 1e-3 ? value.toExponential() : String(value);
}

export function count(value: number): string {
  return value.toLocaleString('en-US');
}

function oneIn(delta: number): string {
  const times = 1 / delta;
  return times < 1e15 ? count(Math.round(times)) : times.toExponential(0);
}
