import { Mark } from './mark.tsx';
import style from './topology.module.css';

const ENTRIES = [
  { key: 'trusted', words: 'Trusted: connected, certificate valid', state: 'up', role: 'replica', primary: false },
  { key: 'starting', words: 'Starting', state: 'starting', role: 'replica', primary: false },
  { key: 'down', words: 'Down: does not answer', state: 'down', role: 'replica', primary: false },
  {
    key: 'quarantined',
    words: 'Quarantined: its updates are refused',
    state: 'quarantined',
    role: 'replica',
    primary: false,
  },
  { key: 'member', words: 'Member: trains, does not vote', state: 'up', role: 'member', primary: false },
  { key: 'primary', words: 'Primary of the view', state: 'up', role: 'replica', primary: true },
] as const;

export function Legend() {
  return (
    <ul className={style.legend} aria-label="Legend">
      {ENTRIES.map(({ key, words, state, role, primary }) => (
        <li key={key}>
          <svg width="24" height="24" viewBox="-19 -19 38 38" aria-hidden="true">
            <Mark state={state} role={role} primary={primary} />
          </svg>
          {words}
        </li>
      ))}
    </ul>
  );
}
