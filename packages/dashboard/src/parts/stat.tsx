import type { ReactNode } from 'react';
import style from './stat.module.css';

interface StatProps {
  readonly label: string;
  readonly value: ReactNode;
  readonly aside?: ReactNode;
  readonly children?: ReactNode;
}

/** One figure, large, with what it means below. */
export function Stat({ label, value, aside, children }: StatProps) {
  return (
    <section className={style.stat} aria-label={label}>
      <div className={style.top}>
        <h2 className={style.label}>{label}</h2>
        {aside}
      </div>
      <p className={style.value}>{value}</p>
      <div className={style.foot}>{children}</div>
    </section>
  );
}
