import { seededRandom } from '@murmuration/core';
import { createRaft } from '../../src/raft/engine.ts';
import { decodeRaftMessage } from '../../src/raft/messages.ts';
import { engineConformance } from '../conformance/suite.ts';

engineConformance('Raft', {
  finality: 'crash',
  tolerates: (n) => Math.ceil(n / 2) - 1,
  kindOf: (bytes) => {
    const decoded = decodeRaftMessage(bytes);
    return decoded.ok ? decoded.value.kind : undefined;
  },
  group: (size) => ({
    engine: (self) => createRaft({ size, self, random: seededRandom(`raft ${self}`) }),
  }),
});
