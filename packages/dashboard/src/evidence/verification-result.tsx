import type { Problem } from '../api/problem.ts';
import { bytes, milliseconds } from '../format/numbers.ts';
import { sentence, statement } from '../format/words.ts';
import { Failure } from '../parts/answer.tsx';
import { Facts } from '../parts/facts.tsx';
import { Icon } from '../parts/icons.tsx';
import style from './evidence.module.css';

export type Outcome =
  | {
      readonly kind: 'verified';
      readonly summary: string;
      readonly facts: readonly (readonly [name: string, value: string])[];
      readonly size: number;
      readonly tookMs: number;
    }
  /** The bytes arrived and do not prove what they claim. */
  | { readonly kind: 'refused'; readonly reason: string; readonly detail: string; readonly size: number }
  /** The check itself could not run. */
  | { readonly kind: 'failed'; readonly problem: Problem };

export function VerificationResult({ outcome }: { readonly outcome: Outcome }) {
  switch (outcome.kind) {
    case 'verified':
      return (
        <div className={style.result} data-tone="ok" data-outcome="verified">
          <div className={style.resultHead}>
            <Icon name="check" /> The evidence holds
          </div>
          <div className={style.resultBody}>
            <p>
              {statement(outcome.summary)} Checked in this browser: {bytes(outcome.size)} in{' '}
              {milliseconds(outcome.tookMs)}.
            </p>
            <Facts
              facts={outcome.facts.map(([name, value]) => [
                name,
                isId(value) ? <code key={name}>{value}</code> : value,
              ])}
            />
          </div>
        </div>
      );
    case 'refused':
      return (
        <div className={style.result} data-tone="bad" data-outcome="refused">
          <div className={style.resultHead}>
            <Icon name="cross" /> The bundle proves nothing
          </div>
          <div className={style.resultBody}>
            <p>
              {sentence(outcome.reason)}
              {outcome.detail !== '' && `: ${outcome.detail}`}. {bytes(outcome.size)} were checked. Do not act on it;
              fetch it again, or from another device of the swarm.
            </p>
            <code>{outcome.reason}</code>
          </div>
        </div>
      );
    case 'failed':
      return (
        <div data-outcome="failed">
          <Failure error={asError(outcome.problem)} />
        </div>
      );
  }
}

/** Hashes and device ids are read character by character. */
function isId(value: string): boolean {
  return /^[0-9a-z]{32,}$/.test(value);
}

function asError(problem: Problem): Error {
  return Object.assign(new Error(problem.message), { code: problem.code, remedy: problem.remedy });
}
