import { probftChain } from '../probft/certificates.ts';
import { decodeProbftMessage, encodeProbftMessage } from '../probft/messages.ts';
import { signStatement } from '../quorum/statement.ts';
import { distort, type Liar } from './liar.ts';

/** For ProBFT: would vote to whom it likes. Its signature covers the proof, so each such vote convicts it. */
export const badSample: Liar = {
  name: 'bad-sample',
  describe: 'draws the samples of its votes itself: signs proofs of the random function that are none',
  onSend({ signer, replicaSet }, effect) {
    const decoded = decodeProbftMessage(effect.bytes);
    const message = decoded.ok ? decoded.value : undefined;
    if (message?.kind !== 'prepare' && message?.kind !== 'commit') return [effect];
    const { kind: phase, epoch, view, height, digest } = message;
    const proof = distort(message.proof);
    const statement = { epoch, phase, view, height, digest, attached: proof };
    const signature = signStatement(signer, probftChain(replicaSet).chainId, statement);
    return [{ ...effect, bytes: encodeProbftMessage({ ...message, proof, signature }) }];
  },
};
