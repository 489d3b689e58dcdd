import type { ReactNode } from 'react';

export type IconName = keyof typeof SHAPES;

/** Decoration only: the words beside an icon carry its meaning. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {SHAPES[name]}
    </svg>
  );
}

const SHAPES = {
  overview: <path d="M2.5 2.5h4.5v6H2.5zM9 2.5h4.5v3.5H9zM9 8.5h4.5v5H9zM2.5 11h4.5v2.5H2.5z" />,
  topology: (
    <>
      <circle cx="8" cy="3.5" r="1.75" />
      <circle cx="3.5" cy="12" r="1.75" />
      <circle cx="12.5" cy="12" r="1.75" />
      <path d="M7.2 5.1 4.3 10.4M8.8 5.1l2.9 5.3M5.3 12h5.4" />
    </>
  ),
  devices: (
    <>
      <rect x="2.5" y="2.5" width="11" height="4.5" rx="1" />
      <rect x="2.5" y="9" width="11" height="4.5" rx="1" />
      <path d="M5 4.75h.01M5 11.25h.01" />
    </>
  ),
  rounds: <path d="M13.5 8A5.5 5.5 0 1 1 11.6 3.8M13.5 2.2v3h-3" />,
  ledger: <path d="M8 1.8 13.5 5v6L8 14.2 2.5 11V5zM8 8v6M8 8 2.7 5M8 8l5.3-3" />,
  evidence: (
    <>
      <path d="M8 1.8 13 3.6v4c0 3.2-2.1 5.5-5 6.6-2.9-1.1-5-3.4-5-6.6v-4z" />
      <path d="m5.8 7.9 1.6 1.6 2.9-3" />
    </>
  ),
  book: <path d="M3 2.8h4c.6 0 1 .4 1 1v9.4c0-.6-.5-1-1-1H3zM13 2.8H9c-.6 0-1 .4-1 1v9.4c0-.6.5-1 1-1h4z" />,
  sun: (
    <>
      <circle cx="8" cy="8" r="2.75" />
      <path d="M8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9" />
    </>
  ),
  moon: <path d="M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8z" />,
  system: <path d="M2 3h12v8H2zM6 13.5h4M8 11v2.5" />,
  check: <path d="m3 8.5 3.2 3.2L13 4.8" />,
  cross: <path d="m4 4 8 8M12 4l-8 8" />,
  warning: <path d="M8 2.2 14.3 13H1.7zM8 6.4v3M8 11.2h.01" />,
  copy: <path d="M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3" />,
  download: <path d="M8 2.5v8M4.8 7.5 8 10.7l3.2-3.2M2.5 13.5h11" />,
  back: <path d="M9.8 3.5 5.3 8l4.5 4.5" />,
  next: <path d="M6.2 3.5 10.7 8l-4.5 4.5" />,
  empty: <path d="M2.5 9.5 4.6 3.8h6.8l2.1 5.7v3h-11zM2.5 9.5h3.3l.8 1.5h2.8l.8-1.5h3.3" />,
} satisfies Record<string, ReactNode>;
