import { Button } from '@mantine/core';
import { navigate } from '../routing/location.ts';
import { Icon } from './icons.tsx';
import style from './pager.module.css';

interface PagerProps {
  readonly path: string;
  readonly cursor: string | null;
  /** The cursor of the next older page; null where this is the last. */
  readonly older: string | null;
  readonly noun: string;
}

/** Newest first, by cursor: a list that grows while one reads does not shift below the eye. */
export function Pager({ path, cursor, older, noun }: PagerProps) {
  if (cursor === null && older === null) return null;
  return (
    <nav className={style.pager} aria-label={`Pages of ${noun}`}>
      <Button
        size="xs"
        variant="default"
        disabled={cursor === null}
        leftSection={<Icon name="back" size={13} />}
        onClick={() => navigate(path)}
      >
        Newest
      </Button>
      <Button
        size="xs"
        variant="default"
        disabled={older === null}
        rightSection={<Icon name="next" size={13} />}
        onClick={() => navigate(`${path}?cursor=${encodeURIComponent(older ?? '')}`)}
      >
        Older
      </Button>
    </nav>
  );
}
