/** Letters of members, of servers, and to replicas that commit to statements. */
export const UP_TOPIC = 'secagg/up';
export const DOWN_TOPIC = 'secagg/down';
export const COMMIT_TOPIC = 'secagg/commit';

/** What a message of secure aggregation holds besides a vector, at most. */
export const MAX_MESSAGE_BYTES = 2 ** 21;
