import { type ReactNode, useId } from 'react';
import style from './panel.module.css';

interface PanelProps {
  readonly title: string;
  /** Beside the title: a link, a figure, a control. */
  readonly aside?: ReactNode;
  readonly children: ReactNode;
  /** Without inner padding, for tables that reach the border. */
  readonly flush?: boolean;
  readonly className?: string | undefined;
}

/** A titled region. */
export function Panel({ title, aside, children, flush = false, className }: PanelProps) {
  const id = useId();
  return (
    <section className={[style.panel, className].filter(Boolean).join(' ')} aria-labelledby={id}>
      <header className={style.head}>
        <h2 id={id}>{title}</h2>
        {aside !== undefined && aside !== false && <div className={style.aside}>{aside}</div>}
      </header>
      <div className={flush ? style.flush : style.body}>{children}</div>
    </section>
  );
}
