import style from './dots.module.css';

export type DotKind = 'on' | 'off' | 'spare' | 'bad';

/** Above this a row of dots is only texture. */
const MAX_DOTS = 40;

/** A small count as dots. The caller says the same in words. */
export function Dots({ kinds }: { readonly kinds: readonly DotKind[] }) {
  if (kinds.length > MAX_DOTS) return null;
  return (
    <span className={style.dots} aria-hidden="true">
      {kinds.map((kind, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: dots have no identity but their place
        <i key={index} data-kind={kind} />
      ))}
    </span>
  );
}

/** `on` of the first kind, the rest of the second. */
export function fill(total: number, on: number, first: DotKind, rest: DotKind): readonly DotKind[] {
  return Array.from({ length: Math.max(0, total) }, (_, index) => (index < on ? first : rest));
}
