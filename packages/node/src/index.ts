export type { JobView, OpenJobRequest, RoundDetail, RoundView, UpdateView } from './views/learning.ts';
export type { BlockView, CommandView } from './views/ledger.ts';
export type { LogEvent, PageQuery, SwarmEvent, SwarmSource } from './views/source.ts';
export type {
  DeviceView,
  LedgerView,
  LinkView,
  QuorumView,
  SwarmSnapshot,
  SwarmView,
  TrainingView,
} from './views/swarm.ts';
export type { EvidenceView, QuarantineView } from './views/trust.ts';
