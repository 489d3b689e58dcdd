import type { ReactNode } from 'react';
import { Icon, type IconName } from './icons.tsx';
import style from './tag.module.css';

export type Tone = 'ok' | 'warn' | 'bad' | 'idle' | 'accent';

interface TagProps {
  readonly tone: Tone;
  readonly icon?: IconName;
  readonly title?: string;
  readonly children: ReactNode;
}

/** A state in a word; never by colour alone. */
export function Tag({ tone, icon, title, children }: TagProps) {
  return (
    <span className={style.tag} data-tone={tone} title={title}>
      {icon !== undefined ? <Icon name={icon} size={12} /> : <span className={style.dot} aria-hidden="true" />}
      {children}
    </span>
  );
}
