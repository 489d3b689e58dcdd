import { lazy, Suspense } from 'react';
import { OverviewPage } from './overview/page.tsx';
import { Empty, Waiting } from './parts/answer.tsx';
import { Boundary } from './parts/boundary.tsx';
import { PageHeader } from './parts/page-header.tsx';
import { Link } from './routing/link.tsx';
import { useAddress } from './routing/location.ts';
import { parseRoute, type Route } from './routing/routes.ts';

const TopologyPage = lazy(() => import('./topology/page.tsx'));
const DevicesPage = lazy(() => import('./devices/list-page.tsx'));
const DevicePage = lazy(() => import('./devices/detail-page.tsx'));
const RoundsPage = lazy(() => import('./rounds/list-page.tsx'));
const RoundPage = lazy(() => import('./rounds/detail-page.tsx'));
const LedgerPage = lazy(() => import('./ledger/page.tsx'));
const EvidenceListPage = lazy(() => import('./evidence/list-page.tsx'));
const EvidencePage = lazy(() => import('./evidence/detail-page.tsx'));

/** The page of the address; all but the first load when they are first opened. */
export function Pages() {
  const { pathname } = useAddress();
  return (
    <Boundary key={pathname}>
      <Suspense fallback={<Waiting lines={8} />}>{pageOf(parseRoute(pathname))}</Suspense>
    </Boundary>
  );
}

function pageOf(route: Route) {
  switch (route.page) {
    case 'overview':
      return <OverviewPage />;
    case 'topology':
      return <TopologyPage />;
    case 'devices':
      return <DevicesPage />;
    case 'device':
      return <DevicePage id={route.id} />;
    case 'rounds':
      return <RoundsPage />;
    case 'round':
      return <RoundPage key={`${route.job}/${route.round}`} job={route.job} round={route.round} />;
    case 'ledger':
      return <LedgerPage />;
    case 'evidence-list':
      return <EvidenceListPage />;
    case 'evidence':
      return <EvidencePage key={route.id} id={route.id} />;
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
