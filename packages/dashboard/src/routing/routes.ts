/** The pages and their addresses. A path that names none of them is `missing`, never a crash. */
export type Route =
  | { readonly page: 'overview' }
  | { readonly page: 'topology' }
  | { readonly page: 'devices' }
  | { readonly page: 'device'; readonly id: string }
  | { readonly page: 'rounds' }
  | { readonly page: 'round'; readonly job: string; readonly round: number }
  | { readonly page: 'ledger' }
  | { readonly page: 'evidence-list' }
  | { readonly page: 'evidence'; readonly id: string }
  | { readonly page: 'missing'; readonly path: string };

export function parseRoute(path: string): Route {
  const missing: Route = { page: 'missing', path };
  const parts = decode(path);
  if (parts === undefined) return missing;
  const [head, first, second, ...rest] = parts;
  if (rest.length > 0) return missing;
  if (head === undefined) return { page: 'overview' };
  if (first === undefined) return TOP[head] ?? missing;
  if (head === 'rounds' && second !== undefined) return roundRoute(first, second) ?? missing;
  if (second !== undefined) return missing;
  if (head === 'evidence') return { page: 'evidence', id: first };
  return head === 'devices' ? { page: 'device', id: first } : missing;
}

const TOP: Readonly<Record<string, Route>> = {
  topology: { page: 'topology' },
  devices: { page: 'devices' },
  rounds: { page: 'rounds' },
  ledger: { page: 'ledger' },
  evidence: { page: 'evidence-list' },
};

function roundRoute(job: string, text: string): Route | undefined {
  return /^[1-9]\d{0,8}$/.test(text) ? { page: 'round', job, round: Number(text) } : undefined;
}

function decode(path: string): readonly string[] | undefined {
  try {
    return path
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

export const pathOf = {
  round: (job: string, round: number) => `/rounds/${encodeURIComponent(job)}/${round}`,
  evidence: (id: string) => `/evidence/${encodeURIComponent(id)}`,
  device: (id: string) => `/devices/${encodeURIComponent(id)}`,
} as const;
