import { useEffect } from 'react';
import { OverviewPage } from './overview/page.tsx';
import { Empty } from './parts/answer.tsx';
import { Boundary } from './parts/boundary.tsx';
import { Deferred, partOf } from './parts/deferred.tsx';
import { PageHeader } from './parts/page-header.tsx';
import { Link } from './routing/link.tsx';
import { useAddress } from './routing/location.ts';
import { parseRoute, type Route } from './routing/routes.ts';

const topology = partOf(() => import('./topology/page.tsx'));
const devices = partOf(() => import('./devices/list-page.tsx'));
const device = partOf(() => import('./devices/detail-page.tsx'));
const rounds = partOf(() => import('./rounds/list-page.tsx'));
const round = partOf(() => import('./rounds/detail-page.tsx'));
const ledger = partOf(() => import('./ledger/page.tsx'));
const evidenceList = partOf(() => import('./evidence/list-page.tsx'));
const evidence = partOf(() => import('./evidence/detail-page.tsx'));

const REST = [topology, devices, device, rounds, round, ledger, evidenceList, evidence];
/** The first screen is drawn by then; the other pages are small. */
const PRELOAD_AFTER_MS = 1500;

/** The page of the address; all but the first load after the first screen, or when they are opened. */
export function Pages() {
  const { pathname } = useAddress();
  useEffect(() => {
    // A page that cannot be loaded now is tried again, and its failure told, when it is opened.
    const preload = () => void Promise.allSettled(REST.map((page) => page.load()));
    const timer = window.setTimeout(preload, PRELOAD_AFTER_MS);
    return () => window.clearTimeout(timer);
  }, []);
  return <Boundary key={pathname}>{pageOf(parseRoute(pathname))}</Boundary>;
}

function pageOf(route: Route) {
  switch (route.page) {
    case 'overview':
      return <OverviewPage />;
    case 'topology':
      return <Deferred part={topology} props={{}} />;
    case 'devices':
      return <Deferred part={devices} props={{}} />;
    case 'device':
      return <Deferred part={device} props={{ id: route.id }} />;
    case 'rounds':
      return <Deferred part={rounds} props={{}} />;
    case 'round':
      return <Deferred part={round} props={{ job: route.job, round: route.round }} />;
    case 'ledger':
      return <Deferred part={ledger} props={{}} />;
    case 'evidence-list':
      return <Deferred part={evidenceList} props={{}} />;
    case 'evidence':
      return <Deferred part={evidence} props={{ id: route.id }} />;
    case 'missing':
      return <Missing path={route.path} />;
  }
}

function Missing({ path }: { readonly path: string }) {
  return (
    <>
      <PageHeader title="No such page" />
      <Empty title={`Nothing lives at ${path}`}>
        <Link to="/">Back to the overview</Link>
      </Empty>
    </>
  );
}
