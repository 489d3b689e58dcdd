import { Button, Skeleton } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { problemOf } from '../api/problem.ts';
import style from './answer.module.css';
import { Icon, type IconName } from './icons.tsx';
import { TokenForm } from './token-form.tsx';

interface AnswerProps<T> {
  readonly query: UseQueryResult<T>;
  readonly children: (data: T) => ReactNode;
  /** Lines of the placeholder. */
  readonly lines?: number;
}

/** Data, or an honest word about why there is none. Data that is already there stays while a refetch fails. */
export function Answer<T>({ query, children, lines = 4 }: AnswerProps<T>) {
  if (query.data !== undefined) return children(query.data);
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  return <Waiting lines={lines} />;
}

export function Waiting({ lines = 4 }: { readonly lines?: number }) {
  return (
    <div className={style.waiting} role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, index) => `line-${index}`).map((key, index) => (
        <Skeleton key={key} height={14} width={`${92 - ((index * 17) % 40)}%`} radius="sm" />
      ))}
    </div>
  );
}

export function Failure({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }) {
  const { code, message, remedy } = problemOf(error);
  return (
    <div className={style.failure} role="alert">
      <Icon name="warning" size={18} />
      <div>
        <p className={style.what}>{message}</p>
        <p className={style.remedy}>{remedy}</p>
        <p className={style.code}>
          <code>{code}</code>
        </p>
        {code.startsWith('TOKEN_') && <TokenForm />}
        {onRetry !== undefined && (
          <Button size="xs" variant="default" onClick={onRetry} mt={10}>
            Try again
          </Button>
        )}
      </div>
    </div>
  );
}

interface EmptyProps {
  readonly title: string;
  readonly children?: ReactNode;
  readonly icon?: IconName;
}

/** Nothing is there, and that is not an error. */
export function Empty({ title, children, icon = 'empty' }: EmptyProps) {
  return (
    <div className={style.empty}>
      <Icon name={icon} size={22} />
      <p className={style.what}>{title}</p>
      {children !== undefined && <div className={style.remedy}>{children}</div>}
    </div>
  );
}
