import { learningRoutes } from './learning.ts';
import { ledgerRoutes } from './ledger.ts';
import { operationsRoutes } from './operations.ts';
import type { Route } from './route.ts';
import { swarmRoutes } from './swarm.ts';
import { trustRoutes } from './trust.ts';

/** The one route table. */
export const routes: readonly Route[] = [
  ...swarmRoutes,
  ...learningRoutes,
  ...ledgerRoutes,
  ...trustRoutes,
  ...operationsRoutes,
];
