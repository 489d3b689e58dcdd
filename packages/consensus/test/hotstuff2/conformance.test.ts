import { engineConformance } from '../conformance/suite.ts';
import { hotstuff2Protocol } from './protocol.ts';

engineConformance('HotStuff-2, sums of keyed hashes', hotstuff2Protocol('hash'));
engineConformance('HotStuff-2, BLS', hotstuff2Protocol('real'));
