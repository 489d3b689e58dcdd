import { useClipboard } from '@mantine/hooks';
import { shortHash } from '../format/words.ts';
import style from './hash.module.css';
import { Icon } from './icons.tsx';

interface HashProps {
  readonly value: string;
  /** What it is, for the copy button's name. */
  readonly label: string;
  readonly chars?: number;
}

/** The head of a long value, and a button that copies all of it. */
export function Hash({ value, label, chars = 10 }: HashProps) {
  const clipboard = useClipboard({ timeout: 1500 });
  return (
    <span className={style.hash}>
      <code title={value}>{shortHash(value, chars)}</code>
      <button type="button" onClick={() => clipboard.copy(value)} aria-label={`Copy ${label}`} title={`Copy ${label}`}>
        <Icon name={clipboard.copied ? 'check' : 'copy'} size={13} />
      </button>
      <span className="sr-only" aria-live="polite">
        {clipboard.copied ? `${label} copied` : ''}
      </span>
    </span>
  );
}
