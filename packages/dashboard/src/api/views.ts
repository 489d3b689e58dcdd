/** The shapes that a gateway answers with, as the sdk generated them from its route table. */
export type {
  BlockView,
  DeviceView,
  EvidenceView,
  JobView,
  LinkView,
  QuarantineView,
  RoundDetail,
  RoundView,
  SwarmEvent,
  SwarmSnapshot,
  UpdateView,
} from '@murmuration/sdk';
